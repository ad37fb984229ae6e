import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { inspect } from 'node:util';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, readConfig, readDatabaseTarget } from '../src/config.js';
import { writeKeyFile } from './kit/key-file.js';

const MASTER_KEY = Buffer.alloc(32, 7).toString('base64');
const ADMIN_KEY = `gp_${'a1B'.repeat(13)}`;

function faultsOf(env: NodeJS.ProcessEnv, argv: readonly string[] = []): readonly string[] {
  try {
    readConfig(env, argv);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
}

describe('readConfig', () => {
  test('needs nothing: the defaults are those of the documentation', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 4000,
      databaseUrl: null,
      dataDir: path.resolve('.glidepath'),
      masterKey: null,
      adminKey: null,
      providerKeys: [],
      proxies: { http: null, https: null, exceptions: '' },
      sandbox: 'auto',
      mediaFetch: 'on',
      introspection: 'public',
      corsOrigins: [],
      shutdownGraceMs: 30_000,
      logLevel: 'info',
      json: false,
      warnings: [],
    });
  });

  test('takes every variable, trimmed, and freezes the outcome', () => {
    const config = readConfig(
      {
        HOST: ' 0.0.0.0 ',
        PORT: '0',
        DATABASE_URL: 'postgresql://app:pw@db:5432/glidepath',
        DATA_DIR: '/srv/glidepath',
        MASTER_KEY: `${MASTER_KEY}\n`,
        ADMIN_KEY,
        SANDBOX: 'ON',
        MEDIA_FETCH: 'off',
        INTROSPECTION: 'off',
        CORS_ORIGINS: 'https://app.example.com, http://localhost:3000/',
        SHUTDOWN_GRACE_MS: '1500',
        LOG_LEVEL: 'debug',
      },
      ['--json'],
    );
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      dataDir: '/srv/glidepath',
      sandbox: 'on',
      mediaFetch: 'off',
      introspection: 'off',
      corsOrigins: ['https://app.example.com', 'http://localhost:3000'],
      shutdownGraceMs: 1500,
      logLevel: 'debug',
      json: true,
    });
    expect(config.databaseUrl?.reveal()).toBe('postgresql://app:pw@db:5432/glidepath');
    expect(config.masterKey?.reveal()).toEqual(Buffer.alloc(32, 7));
    expect(config.adminKey?.reveal()).toBe(ADMIN_KEY);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('takes what is set to nothing for unset', () => {
    expect(readConfig({ PORT: '', MASTER_KEY: ' ', SANDBOX: '', OPENAI_API_KEY: '' })).toEqual(readConfig({}));
  });

  test('reports all faults together, each with its variable', () => {
    const faults = faultsOf(
      {
        PORT: '70000',
        DATABASE_URL: 'mysql://root@db/x',
        ADMIN_KEY: 'sk-not-ours',
        SANDBOX: 'maybe',
        INTROSPECTION: 'yes',
        CORS_ORIGINS: 'https://ok.example.com,example.com/path',
        SHUTDOWN_GRACE_MS: '-1',
        LOG_LEVEL: 'loud',
        AZURE_OPENAI_API_KEY: 'azure',
        OLLAMA_HOST: 'http://:bad',
      },
      ['--jsn'],
    );
    const variables = faults.map((fault) => fault.split(' ')[0]);
    expect(variables.sort()).toEqual(
      [
        'ADMIN_KEY',
        'AZURE_OPENAI_ENDPOINT',
        'CORS_ORIGINS',
        'DATABASE_URL',
        'INTROSPECTION',
        'LOG_LEVEL',
        'MASTER_KEY',
        'OLLAMA_HOST',
        'PORT',
        'SANDBOX',
        'SHUTDOWN_GRACE_MS',
        'unknown',
      ].sort(),
    );
    expect(faults).toContain('PORT must be a whole number from 0 to 65535, not "70000"');
  });

  test('names every fault in the error’s message', () => {
    expect(() => readConfig({ PORT: 'x', LOG_LEVEL: 'y' })).toThrow(/2 faults:\n {2}PORT .*\n {2}LOG_LEVEL /);
  });

  test.each(['1e3', '4000.5', '0x10', '+1', '65536', 'NaN', '४'])('refuses PORT=%s', (given) => {
    expect(faultsOf({ PORT: given })).toHaveLength(1);
  });

  test('wants a MASTER_KEY with DATABASE_URL, since replicas must share it', () => {
    expect(faultsOf({ DATABASE_URL: 'postgres://db/x' })).toEqual([expect.stringMatching(/^MASTER_KEY is required with DATABASE_URL/)]);
    expect(faultsOf({ DATABASE_URL: 'postgres://db/x', MASTER_KEY })).toEqual([]);
  });

  test.each([Buffer.alloc(31).toString('base64'), Buffer.alloc(33).toString('base64'), 'a'.repeat(64), `${'!'.repeat(43)}=`])(
    'refuses a MASTER_KEY that is not 32 bytes in base64: %s',
    (given) => {
      expect(faultsOf({ MASTER_KEY: given })).toEqual([expect.stringContaining('MASTER_KEY must be 32 bytes')]);
    },
  );

  test('takes exactly the keys of 32 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: 64 }), (bytes) => {
        const faults = faultsOf({ MASTER_KEY: Buffer.from(bytes).toString('base64') });
        expect(faults).toHaveLength(bytes.length === 32 || bytes.length === 0 ? 0 : 1);
      }),
    );
  });

  test('no fault, inspection or serialisation shows a secret', () => {
    const secret = 'hunter2-hunter2';
    const faults = faultsOf({ DATABASE_URL: `mysql://u:${secret}@db/x`, MASTER_KEY: secret, ADMIN_KEY: secret });
    expect(faults).toHaveLength(3);
    expect(faults.join()).not.toContain(secret);
    const config = readConfig({ DATABASE_URL: `postgres://u:${secret}@db/x`, MASTER_KEY, ADMIN_KEY, OPENAI_API_KEY: secret });
    for (const shown of [inspect(config, { depth: 9 }), JSON.stringify(config), String(config.databaseUrl)]) {
      expect(shown).not.toContain(secret);
      expect(shown).not.toContain(ADMIN_KEY);
    }
  });
});

describe('provider keys', () => {
  const keysOf = (env: NodeJS.ProcessEnv) =>
    readConfig(env).providerKeys.map(({ preset, apiKey, baseUrl }) => [preset, apiKey?.reveal() ?? null, baseUrl]);

  test.each([
    ['OPENAI_API_KEY', 'openai'],
    ['ANTHROPIC_API_KEY', 'anthropic'],
    ['GEMINI_API_KEY', 'gemini'],
    ['MISTRAL_API_KEY', 'mistral'],
    ['GROQ_API_KEY', 'groq'],
    ['DEEPSEEK_API_KEY', 'deepseek'],
    ['MOONSHOT_API_KEY', 'moonshot'],
    ['XAI_API_KEY', 'xai'],
    ['TOGETHER_API_KEY', 'together'],
    ['FIREWORKS_API_KEY', 'fireworks'],
    ['OPENROUTER_API_KEY', 'openrouter'],
    ['PERPLEXITY_API_KEY', 'perplexity'],
    ['CEREBRAS_API_KEY', 'cerebras'],
    ['COHERE_API_KEY', 'cohere'],
  ])('%s makes the provider %s', (variable, preset) => {
    expect(keysOf({ [variable]: 'secret' })).toEqual([[preset, 'secret', null]]);
  });

  test.each([
    ['localhost', 'http://localhost:11434/v1'],
    ['gpu.lan:8080', 'http://gpu.lan:8080/v1'],
    ['0.0.0.0:11434', 'http://127.0.0.1:11434/v1'],
    ['http://gpu.lan:11434/', 'http://gpu.lan:11434/v1'],
    ['https://ollama.example.com/v1', 'https://ollama.example.com/v1'],
    ['https://example.com/ollama', 'https://example.com/ollama/v1'],
  ])('OLLAMA_HOST=%s is %s', (given, baseUrl) => {
    expect(keysOf({ OLLAMA_HOST: given })).toEqual([['ollama', null, baseUrl]]);
  });

  test.each([
    ['https://acme.openai.azure.com', 'https://acme.openai.azure.com/openai/v1'],
    ['https://acme.openai.azure.com/', 'https://acme.openai.azure.com/openai/v1'],
    ['https://acme.openai.azure.com/openai/v1/', 'https://acme.openai.azure.com/openai/v1'],
  ])('AZURE_OPENAI_ENDPOINT=%s is %s', (endpoint, baseUrl) => {
    expect(keysOf({ AZURE_OPENAI_API_KEY: 'k', AZURE_OPENAI_ENDPOINT: endpoint })).toEqual([['azure-openai', 'k', baseUrl]]);
  });

  test('half of the Azure pair is a fault of the other half', () => {
    expect(faultsOf({ AZURE_OPENAI_ENDPOINT: 'https://acme.openai.azure.com' })).toEqual([
      'AZURE_OPENAI_API_KEY is required with AZURE_OPENAI_ENDPOINT',
    ]);
  });

  describe('of clouds', () => {
    const KEYS = { AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret/of+the=account' };
    const cloudsOf = (env: NodeJS.ProcessEnv) =>
      readConfig(env).providerKeys.map(({ apiKey, account, ...rest }) => ({
        ...rest,
        secret: apiKey?.reveal() ?? account?.reveal() ?? null,
      }));

    test('a region of its own makes Bedrock, with the account’s keys, temporary ones too', () => {
      const place = { preset: 'bedrock', baseUrl: null, region: 'eu-central-1' };
      const account = { kind: 'aws', accessKeyId: KEYS.AWS_ACCESS_KEY_ID, secretAccessKey: KEYS.AWS_SECRET_ACCESS_KEY, sessionToken: null };
      const BEDROCK_REGION = 'eu-central-1';
      expect(cloudsOf({ ...KEYS, BEDROCK_REGION })).toEqual([{ ...place, secret: account }]);
      const temporary = { ...KEYS, BEDROCK_REGION, AWS_SESSION_TOKEN: 'token' };
      expect(cloudsOf(temporary)).toEqual([{ ...place, secret: { ...account, sessionToken: 'token' } }]);
      expect(cloudsOf({ ...temporary, AWS_BEARER_TOKEN_BEDROCK: 'key' })).toEqual([{ ...place, secret: 'key' }]);
    });

    test('a region of its own makes Vertex, with the key file of a service account', () => {
      const key = writeKeyFile();
      const account = { kind: 'googleServiceAccount', clientEmail: 'gateway@acme.iam.gserviceaccount.com', projectId: 'acme' };
      expect(cloudsOf({ VERTEX_REGION: 'europe-west4', GOOGLE_APPLICATION_CREDENTIALS: key.file })).toEqual([
        { preset: 'vertex', baseUrl: null, region: 'europe-west4', secret: expect.objectContaining(account) },
      ]);
      key.remove();
    });

    test('without a region, what many machines have for other ends makes nothing', () => {
      const env = { ...KEYS, AWS_REGION: 'eu-central-1', AWS_BEARER_TOKEN_BEDROCK: 'key', GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json' };
      expect(readConfig(env)).toMatchObject({ providerKeys: [], warnings: [] });
    });

    test.each([
      [{ BEDROCK_REGION: 'eu-central-1' }, 'BEDROCK_REGION needs AWS_ACCESS_KEY_ID'],
      [{ BEDROCK_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE' }, 'BEDROCK_REGION needs'],
      [{ BEDROCK_REGION: 'host/path', ...KEYS }, 'BEDROCK_REGION must be a region'],
      [{ VERTEX_REGION: 'global' }, 'VERTEX_REGION needs GOOGLE_APPLICATION_CREDENTIALS'],
      [{ VERTEX_REGION: 'global', GOOGLE_APPLICATION_CREDENTIALS: '/nowhere.json' }, 'GOOGLE_APPLICATION_CREDENTIALS must be the path'],
      [
        { VERTEX_REGION: 'global', GOOGLE_APPLICATION_CREDENTIALS: fileURLToPath(import.meta.url) },
        'GOOGLE_APPLICATION_CREDENTIALS must be the path',
      ],
    ])('%j is a fault', (env, fault) => {
      expect(faultsOf(env)).toEqual([expect.stringContaining(fault)]);
    });

    test.each([
      ['[]', 'key file'],
      ['{"type":"authorized_user","client_email":"a@b","private_key":"hunter2-hunter2"}', 'type must be service_account'],
      ['{"client_email":"a@b","private_key":"hunter2-hunter2"}', 'private_key must be an RSA key'],
    ])('a file with %s is none, and is not repeated', (text, problem) => {
      const key = writeKeyFile(text);
      const faults = faultsOf({ VERTEX_REGION: 'global', GOOGLE_APPLICATION_CREDENTIALS: key.file });
      key.remove();
      expect(faults).toEqual([expect.stringContaining(problem)]);
      expect(faults.join()).not.toContain('hunter2');
    });
  });

  test('variables of what is not built yet warn, and do not fail', () => {
    const config = readConfig({
      REDIS_URL: 'redis://cache',
      FEDERATION_OWNERS: 'User:id=user',
      FEDERATION_PREFIX: 'Ai',
    });
    expect(config.providerKeys).toEqual([]);
    expect(config.warnings.map((warning) => warning.split(' ')[0])).toEqual(['REDIS_URL', 'FEDERATION_OWNERS', 'FEDERATION_PREFIX']);
    expect(config.warnings.join()).not.toContain('redis://');
  });
});

test('readDatabaseTarget asks for no master key', () => {
  const target = readDatabaseTarget({ DATABASE_URL: 'postgres://db/x', DATA_DIR: '/srv/g' });
  expect([target.databaseUrl?.reveal(), target.dataDir]).toEqual(['postgres://db/x', '/srv/g']);
  expect(() => readDatabaseTarget({ DATABASE_URL: 'db' })).toThrow(ConfigError);
});

describe('proxies', () => {
  const proxiesOf = (env: NodeJS.ProcessEnv) => {
    const { http, https, exceptions } = readConfig(env).proxies;
    return { http: http?.reveal() ?? null, https: https?.reveal() ?? null, exceptions };
  };

  test('as other tools read them: a host alone is an HTTP proxy, and small letters count first', () => {
    expect(
      proxiesOf({ HTTP_PROXY: 'proxy:3128', HTTPS_PROXY: 'http://one:1', https_proxy: 'socks5://two:2', NO_PROXY: '.corp, 10.0.0.1' }),
    ).toEqual({
      http: 'http://proxy:3128',
      https: 'socks5://two:2',
      exceptions: '.corp, 10.0.0.1',
    });
  });

  test.each(['ftp://proxy', 'http://'])('%s is a fault that names the variable, and keeps what may hold a password', (url) => {
    const faulty = url.replace('://', '://pilot:canary-password@');
    const reading = () => readConfig({ HTTPS_PROXY: faulty });
    expect(reading).toThrow(/^The configuration has a fault:\n {2}HTTPS_PROXY must be a URL such as/);
    expect(reading).not.toThrow(/canary/);
  });

  test('print as secrets', () => {
    expect(JSON.stringify(readConfig({ HTTP_PROXY: 'http://pilot:canary-password@proxy' }).proxies)).not.toContain('canary');
  });
});
