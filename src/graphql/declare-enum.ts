import { registerEnumType } from 'type-graphql';

/** Registers a closed word list as a GraphQL enum; the compiler asks for a description of every word. */
export function declareEnum<Word extends string>(
  name: string,
  description: string,
  words: Readonly<Record<Word, string>>,
): Readonly<Record<string, string>> {
  const values: Record<string, string> = {};
  const valuesConfig: Record<string, { description: string }> = {};
  for (const [word, text] of Object.entries<string>(words)) {
    values[word] = word;
    valuesConfig[word] = { description: text };
  }
  registerEnumType(values, { name, description, valuesConfig });
  return values;
}
