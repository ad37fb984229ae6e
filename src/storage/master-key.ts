import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Secret } from '../core/secret.js';
import { deriveKey } from './cipher.js';
import { Installation } from './entities/installation.js';
import type { UnitOfWork } from './unit-of-work.js';

const KEY_BYTES = 32;
const FILE = 'master.key';
const CHECK_PURPOSE = 'glidepath master key check';

/**
 * The master key of DATA_DIR/master.key, made there when it is missing.
 * @throws an Error where others may read the file, or it holds no key.
 */
export async function loadMasterKey(dataDir: string): Promise<Secret<Buffer>> {
  await mkdir(dataDir, { recursive: true });
  const file = path.join(dataDir, FILE);
  if (!(await exists(file))) await create(file);
  const { mode } = await stat(file);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const shown = (mode & 0o777).toString(8).padStart(4, '0');
    throw new Error(`${file} has mode ${shown}, so that others may read the master key. Run: chmod 600 ${file}`);
  }
  const key = Buffer.from((await readFile(file, 'utf8')).trim(), 'base64');
  if (key.length !== KEY_BYTES)
    throw new Error(`${file} does not hold a master key (${KEY_BYTES} bytes in base64). Restore it from a backup.`);
  return new Secret(key);
}

/** Linked into place when complete: nobody ever reads half a key, and of two makers one wins for both. */
async function create(file: string): Promise<void> {
  const draft = `${file}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, `${randomBytes(KEY_BYTES).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(draft, file);
  } catch (error) {
    if (!(await exists(file))) throw error;
  } finally {
    await rm(draft);
  }
}

/**
 * Compares the key with the one that this database was first used with, and keeps its check value at that first time.
 * @throws an Error where it is another: credentials could not be read, and no API key would be known.
 */
export async function checkMasterKey(work: UnitOfWork, masterKey: Secret<Buffer>): Promise<void> {
  const check = checkValue(masterKey);
  const stored = await work.asWriter(async (manager) => {
    await manager.query('INSERT INTO installation (id, master_key_check) VALUES (1, $1) ON CONFLICT (id) DO NOTHING', [check]);
    return manager.findOneByOrFail(Installation, { id: 1 });
  });
  if (!timingSafeEqual(check, stored.masterKeyCheck))
    throw new Error(
      'The master key (MASTER_KEY, or else DATA_DIR/master.key) is not the one this database was set up with. ' +
        'Start with that one: without it, stored credentials and API keys are lost.',
    );
}

/** Tells keys apart and gives nothing away: an HMAC under a key derived for this alone. */
function checkValue(masterKey: Secret<Buffer>): Buffer {
  return createHmac('sha256', deriveKey(masterKey, CHECK_PURPOSE)).update(CHECK_PURPOSE).digest();
}

async function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
