import type { JsonObject } from '../core/json.js';
import type { OperationName } from '../core/operations.js';
import type { EmbeddingPurpose, Operation, ReasoningEffort, WireFormat } from '../core/vocabulary.js';
import type { StrictSubsetName } from './strict-subset.js';

/** A vendor as data. The first fields are what the catalogue needs to make a provider of it. */
export interface Preset {
  readonly name: string;
  readonly displayName: string;
  readonly wireFormat: WireFormat;
  /** Null where the caller must give one. */
  readonly baseUrl: string | null;
  /** Instead, where its address depends on the region, with {region} and (of a service account) {project} in it. */
  readonly regionalUrl?: string;
  /** The environment variable that makes it a provider at first start. */
  readonly environmentVariable: string | null;
  /** Its usual place is the own machine or network. */
  readonly allowPrivateNetwork: boolean;
  readonly needsCredential: boolean;
  /** What its documentation offers of what its wire format can say; absent: completions. Told in docs, refused nowhere. */
  readonly operations?: readonly Operation[];
  /** At most ten for completions: our model slug, and the vendor's own name where it differs. */
  readonly models: readonly PresetModel[];
  /** How its dialect differs from the wire format's plain form. */
  readonly quirks?: Quirks;
}

export interface PresetModel {
  readonly model: string;
  readonly upstreamModel?: string;
  /** Absent: completions. */
  readonly operation?: OperationName;
}

/** Every difference between vendors of one wire format; nothing else in the code knows a vendor's name. */
export interface Quirks {
  /** The header that carries the key; plain: `authorization: Bearer <key>`. */
  readonly keyHeader?: string;
  /** Where the address ends in `/openai`, each model has a path of its own, under this `api-version`. */
  readonly deploymentPaths?: string;
  /** Body fields under another name; null where the vendor refuses the field. */
  readonly fields?: Readonly<Record<string, string | null>>;
  /** The last message can't be a system message. */
  readonly needsUserMessage?: boolean;
  /** The message field that takes the model's own reasoning back. */
  readonly reasoningField?: 'reasoning_content' | 'reasoning';
  /** Takes back what a maker signed or closed of its reasoning, in the place of `reasoningField`. */
  readonly reasoningDetails?: boolean;
  /** The efforts that it knows; for any other the last is sent. */
  readonly efforts?: readonly ReasoningEffort[];
  /** Takes a schema as `{type: json_object, schema}`. */
  readonly schemaInJsonObject?: boolean;
  /** Takes `reasoning: {effort, max_tokens}` instead of an effort only. */
  readonly reasoningObject?: boolean;
  /** Its documentation promises that an answer keeps a strict JSON schema, whatever the model. */
  readonly holdsSchemas?: boolean;
  /** Which part of JSON Schema its strict form takes; absent: schemas go as they are written. */
  readonly strictSchemas?: StrictSubsetName;
  /** Takes marks of a prompt cache, as Anthropic has them, on texts. */
  readonly cacheControl?: boolean;
  /** Fields of other operations' requests under another name; null where the vendor refuses the field. */
  readonly operationFields?: Readonly<Partial<Record<OperationName, Readonly<Record<string, string | null>>>>>;
  /** Fields that every request of an operation holds besides. */
  readonly operationConstants?: Readonly<Partial<Record<OperationName, JsonObject>>>;
  /** The end of the address that only chat stands below, and where other operations stand below what is before it. */
  readonly besideChat?: { readonly chat: string; readonly paths: Readonly<Partial<Record<OperationName, string>>> };
  /** The field that takes what vectors are for, and its words; absent: the vendor's models take none. */
  readonly embeddingPurposes?: {
    readonly field: string;
    readonly words: Readonly<Partial<Record<EmbeddingPurpose, string>>>;
    /** Where none is asked for that has a word, and the field must be there. */
    readonly usual?: string;
  };
  /** How many texts one call for vectors takes. */
  readonly mostTexts?: number;
  /** Kinds of media that its dialect has no form for: refused before anything is sent. */
  readonly noForm?: readonly ('image' | 'audio' | 'document')[];
  /** Fetches no images: an address is no use to it. */
  readonly imagesAsBytes?: boolean;
  /** Takes a document's address where plain form takes its bytes. */
  readonly documentByUrl?: boolean;
  /** Gemini's form as Google Cloud has it: vectors by methods of its own, and a choice of a picture's kind of file. */
  readonly googleCloud?: boolean;
}
