import { dirname, isAbsolute, relative } from 'node:path';
import type { Config, SwitchConfig } from '../domain/config.js';
import { canonicalJson } from '../policy/canonical-json.js';
import { realPathOf } from '../store/real-paths.js';
import { sha256 } from './sha256.js';

/**
 * SHA-256 over what a config came to, so that comments, layout and what stands for a default make no other one. Passwords are
 * left out: nobody shall be able to try them against it. Paths count as the folder of the config sees them, by whatever
 * symbolic links that is reached, and whichever of them they name themselves.
 */
export function configHash(config: Config): string {
  const { file: _, switches, ...others } = config;
  const { checkpoints, ...places } = placesOf(config);
  return sha256(
    canonicalJson({
      ...others,
      ...places,
      checkpoints: { ...others.checkpoints, ...checkpoints },
      switches: switches.map(withoutPassword),
    }),
  );
}

/** Whether a config of the same hash in another folder comes to the same as well, as none of its paths leads through its own. */
export function isSameInAnyFolder(config: Config): boolean {
  const { rulesDir, database, checkpoints } = placesOf(config);
  return [rulesDir, database, checkpoints.file, checkpoints.keyFile].every(isAbsolute);
}

function placesOf({ file, rulesDir, database, checkpoints }: Config) {
  const place = (path: string) => placeIn(dirname(file), path);
  return {
    rulesDir: place(rulesDir),
    database: place(database),
    checkpoints: { file: place(checkpoints.file), keyFile: place(checkpoints.keyFile) },
  };
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
