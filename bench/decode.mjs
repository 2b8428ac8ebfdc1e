/**
 * Decodes the same answer to listAllCalls with this project's decoder, with xmlrpc's deserializer and with Python's
 * xmlrpc.client, turn by turn, and prints the medians. Run `npm run build` first.
 *
 *   node bench/decode.mjs [rounds]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { decodeCalls } from '../dist/switch/codec/answer-decoder.js';

const Deserializer = createRequire(import.meta.url)('xmlrpc/lib/deserializer.js');
const ROUNDS = Number(process.argv[2] ?? 5);
const CHUNK_BYTES = 64 * 1024;
const PYTHON_SCRIPT = fileURLToPath(new URL('./decode.py', import.meta.url));

/** A list as the API documents it, types wandering as in its own example; the same text for the same count. */
function answerOf(count) {
  const parts = ['<?xml version="1.0"?>\n<methodResponse><params><param><value><array><data>'];
  for (let index = 0; index < count; index += 1) parts.push(callXml(index));
  parts.push('</data></array></value></param></params></methodResponse>\n');
  return Buffer.from(parts.join(''));
}

function callXml(index) {
  const state = ['Connected', 'Connected', 'Connected', 'ARComplete', 'WaitRoute'][index % 5];
  const second = String(index % 60).padStart(2, '0');
  const members = {
    CLI: `<string>4930${1000000 + index}</string>`,
    I_CONNECTION: index % 9 === 0 ? '<nil/>' : `<int>${index % 50}</int>`,
    CLD: `<string>4479${10000000 + ((index * 7919) % 89999999)}</string>`,
    CALL_ID: `<string>${(index * 2654435761) % 4294967296}-8a7b-${index}@198.51.100.${index % 250}</string>`,
    DELAY: `<double>${(index % 700) / 100}</double>`,
    DURATION: index % 4 === 0 ? '<int>0</int>' : `<double>${(index % 360000) / 100}</double>`,
    CC_STATE: `<string>${state}</string>`,
    I_ACCOUNT: `<int>${index % 5000}</int>`,
    ID: `<string>${index}</string>`,
    I_CUSTOMER: `<string>${index % 40}</string>`,
    I_ENVIRONMENT: '<string>1</string>',
    CALLER_MEDIA_IP: `<string>192.0.2.${index % 250}</string>`,
    CALLEE_MEDIA_IP: `<string>203.0.113.${index % 250}</string>`,
    SETUP_TIME: `<string>20260105T10:11:${second}.000</string>`,
    DIRECTION: `<string>${index % 3 === 0 ? 'onnet_in' : 'vendor'}</string>`,
  };
  const xml = Object.entries(members).map(
    ([name, value]) => `<member><name>${name}</name><value>${value}</value></member>\n`,
  );
  return `<value><struct>\n${xml.join('')}</struct></value>\n`;
}

function* chunksOf(bytes) {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

async function ours(bytes) {
  return (await decodeCalls(chunksOf(bytes))).calls.length;
}

function xmlrpc(bytes) {
  return new Promise((resolve, reject) => {
    new Deserializer().deserializeMethodResponse(Readable.from(chunksOf(bytes)), (error, calls) =>
      error ? reject(error) : resolve(calls.length),
    );
  });
}

async function timed(decode, bytes, expected) {
  const started = performance.now();
  const count = await decode(bytes);
  if (count !== expected) throw new Error(`decoded ${count} of ${expected} calls`);
  return performance.now() - started;
}

function median(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)];
}

/** One decode in a Python process of its own, timed inside it; undefined where there is no python3. */
function python(file) {
  const run = spawnSync('python3', [PYTHON_SCRIPT, file], { encoding: 'utf8' });
  return run.status === 0 ? Number(run.stdout) : undefined;
}

async function compare(count) {
  const bytes = answerOf(count);
  const directory = mkdtempSync(join(tmpdir(), 'callwarden-bench-'));
  const file = join(directory, 'answer.xml');
  writeFileSync(file, bytes);
  const times = { ours: [], xmlrpc: [], python: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    times.ours.push(await timed(ours, bytes, count));
    times.xmlrpc.push(await timed(xmlrpc, bytes, count));
    const pythonMs = python(file);
    if (pythonMs !== undefined) times.python.push(pythonMs);
  }
  rmSync(directory, { recursive: true });
  report(count, bytes.length, times);
  return bytes;
}

function report(count, size, times) {
  const base = median(times.ours);
  const line = (name, values) =>
    values.length === 0
      ? `  ${name.padEnd(24)} skipped: no python3 here`
      : `  ${name.padEnd(24)} ${median(values).toFixed(0).padStart(7)} ms  ${(median(values) / base).toFixed(1).padStart(5)}x`;
  console.log(`${count} calls, ${(size / 1e6).toFixed(1)} MB, median of ${ROUNDS}`);
  console.log(line('callwarden', times.ours));
  console.log(line('xmlrpc deserializer', times.xmlrpc));
  console.log(line('Python xmlrpc.client', times.python));
}

/** What the decoded calls keep alive, which must be far less than the document. */
async function reportMemory(bytes) {
  if (globalThis.gc === undefined) {
    console.log('heap: run with node --expose-gc to see what the decoded calls keep');
    return;
  }
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  const decoded = await decodeCalls(chunksOf(bytes));
  globalThis.gc();
  const kept = process.memoryUsage().heapUsed - before;
  console.log(`heap kept by ${decoded.calls.length} calls: ${(kept / 1e6).toFixed(1)} MB`);
}

await compare(10_000);
await reportMemory(await compare(50_000));
