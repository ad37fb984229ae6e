import { describe, expect, test } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../src/core/json.js';
import type { Preset, Quirks } from '../../src/providers/preset.js';
import { PRESETS } from '../../src/providers/presets.js';
import { makeTarget } from '../providers/support.js';
import { FORMATS_UNDER_TEST } from './formats-under-test.js';
import type { FormatUnderTest } from './format.js';
import { basePathOf } from './own-paths.js';
import { describeContract } from './suite.js';

/** A request's fields in a vendor's own words. */
function inDialect(sent: object, { fields = {}, schemaInJsonObject = false }: Quirks): JsonObject {
  const entries = Object.entries(sent as JsonObject).flatMap(([field, value]) => {
    const known = field in fields ? fields[field] : field;
    if (known === null || known === undefined) return [];
    return [[known, schemaInJsonObject && field === 'response_format' ? asJsonObject(value) : value] as const];
  });
  return Object.fromEntries(entries);
}

function asJsonObject(format: JsonValue | undefined): JsonValue {
  const { json_schema: named } = format as { readonly json_schema: { readonly schema: JsonValue } };
  return { type: 'json_object', schema: named.schema };
}

function pathsOf({ quirks = {} }: Preset, { basePath, path }: FormatUnderTest, ownPath: string): FormatUnderTest['path'] {
  if (quirks.deploymentPaths !== undefined) {
    const called = `${ownPath}/deployments/acme-large/chat/completions?api-version=${quirks.deploymentPaths}`;
    return { unary: called, stream: called };
  }
  return { unary: ownPath + path.unary.slice(basePath.length), stream: ownPath + path.stream.slice(basePath.length) };
}

const speaking = PRESETS.filter(({ operations = ['COMPLETION'] }) => operations.includes('COMPLETION'));

test('every vendor whose models complete takes part', () => {
  expect(speaking.length).toBeGreaterThanOrEqual(20);
});

describe.each(speaking.map((preset) => [preset.name, preset] as const))('%s', (name, preset) => {
  const { wireFormat, quirks = {} } = preset;
  const ownPath = basePathOf(preset);
  const format = FORMATS_UNDER_TEST.find((each) => each.wireFormat === wireFormat);
  if (format === undefined) throw new Error(`${wireFormat} is not under test`);
  describeContract({
    format,
    target: (origin) => makeTarget({ wireFormat, preset: name, baseUrl: origin + ownPath }),
    standIn: {
      streamsUsage: quirks.fields?.['stream_options'] !== null,
      canAsk: ({ sent }) => Object.keys(inDialect(sent, quirks)).length === Object.keys(sent).length,
    },
    path: pathsOf(preset, format, ownPath),
    sent: ({ sent }) => inDialect(sent, quirks),
  });
});
