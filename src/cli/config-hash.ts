import { dirname, relative } from 'node:path';
import type { Config, SwitchConfig } from '../domain/config.js';
import { canonicalJson } from '../policy/canonical-json.js';
import { realPathOf } from '../store/real-paths.js';
import { sha256 } from './sha256.js';

/**
 * SHA-256 over what a config came to, so that comments, layout and what stands for a default make no other one. Passwords are
 * left out: nobody shall be able to try them against it. Paths count as the folder of the config sees them, by whatever
 * symbolic links that is reached, and whichever of them they name themselves.
 */
export function configHash({ file, switches, ...others }: Config): string {
  const folder = dirname(file);
  const place = (path: string) => placeIn(folder, path);
  const { rulesDir, database, checkpoints } = others;
  return sha256(
    canonicalJson({
      ...others,
      rulesDir: place(rulesDir),
      database: place(database),
      checkpoints: {
        ...checkpoints,
        file: place(checkpoints.file),
        keyFile: place(checkpoints.keyFile),
      },
      switches: switches.map(withoutPassword),
    }),
  );
}

/** Relative where it leads through the folder, under whatever name. Links inside of the folder are part of it and not followed. */
function placeIn(folder: string, path: string): string {
  const real = realPathOf(folder);
  for (let above = path; ; above = dirname(above)) {
    if (realPathOf(above) === real) return relative(above, path);
    if (above === dirname(above)) return path;
  }
}

function withoutPassword({ login, customerTree, ...others }: SwitchConfig) {
  return {
    ...others,
    login: login.kind === 'digest' ? { ...login, password: '' } : login,
    customerTree: [...customerTree].sort(([one], [other]) => one - other),
  };
}
