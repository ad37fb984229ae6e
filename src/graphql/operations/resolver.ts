import { Authorized, createUnionType, Ctx, Mutation, Resolver, type ClassType } from 'type-graphql';
import type { OperationRequest } from '../../inference/contract.js';
import type { GraphqlContext } from '../context.js';
import { toUserError } from '../errors/to-user-error.js';
import { Cancelled, GatewayFailed, InvalidRequest, ModelUnavailable, ProvidersFailed } from '../errors/types.js';
import { Embedding } from './embedding.js';
import { ImageGeneration } from './image-generation.js';
import {
  EmbedInput,
  GenerateImageInput,
  ModerateInput,
  operationArgs,
  RerankInput,
  SynthesizeSpeechInput,
  TranscribeInput,
} from './inputs.js';
import { Moderation } from './moderation.js';
import { Reranking } from './reranking.js';
import { SpeechSynthesis } from './speech-synthesis.js';
import { toInference } from './to-inference.js';
import { Transcription } from './transcription.js';

const EmbedResult = resultUnion('EmbedResult', 'The vectors, or why there are none.', Embedding);
const GenerateImageResult = resultUnion('GenerateImageResult', 'The pictures, or why there are none.', ImageGeneration);
const SynthesizeSpeechResult = resultUnion('SynthesizeSpeechResult', 'The recording, or why there is none.', SpeechSynthesis);
const TranscribeResult = resultUnion('TranscribeResult', 'What is said, or why it is not known.', Transcription);
const ModerateResult = resultUnion('ModerateResult', 'The verdicts, or why there are none.', Moderation);
const RerankResult = resultUnion('RerankResult', 'The order, or why there is none.', Reranking);

@Resolver()
export class OperationsResolver {
  @Authorized('INFERENCE')
  @Mutation(() => EmbedResult, { description: 'Makes vectors of texts.' })
  embed(@operationArgs(() => EmbedInput, 'What to embed.') args: OperationArgs, @Ctx() context: GraphqlContext): Promise<object> {
    return operate('EMBEDDING', args, context);
  }

  @Authorized('INFERENCE')
  @Mutation(() => GenerateImageResult, { description: 'Makes pictures of a prompt.' })
  generateImage(
    @operationArgs(() => GenerateImageInput, 'What to show.') args: OperationArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return operate('IMAGE', args, context);
  }

  @Authorized('INFERENCE')
  @Mutation(() => SynthesizeSpeechResult, { description: 'Reads a text aloud.' })
  synthesizeSpeech(
    @operationArgs(() => SynthesizeSpeechInput, 'What to say.') args: OperationArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return operate('SPEECH', args, context);
  }

  @Authorized('INFERENCE')
  @Mutation(() => TranscribeResult, { description: 'Writes down what is said in a recording.' })
  transcribe(
    @operationArgs(() => TranscribeInput, 'What to write down.') args: OperationArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return operate('TRANSCRIPTION', args, context);
  }

  @Authorized('INFERENCE')
  @Mutation(() => ModerateResult, { description: 'Looks texts through for what they should not hold.' })
  moderate(
    @operationArgs(() => ModerateInput, 'What to look through.') args: OperationArgs,
    @Ctx() context: GraphqlContext,
  ): Promise<object> {
    return operate('MODERATION', args, context);
  }

  @Authorized('INFERENCE')
  @Mutation(() => RerankResult, { description: 'Puts documents in the order of what they say to a query.' })
  rerank(@operationArgs(() => RerankInput, 'What to put in order.') args: OperationArgs, @Ctx() context: GraphqlContext): Promise<object> {
    return operate('RERANK', args, context);
  }
}

function resultUnion(name: string, description: string, type: ClassType) {
  return createUnionType({
    ...{ name, description },
    types: () => [type, InvalidRequest, ModelUnavailable, ProvidersFailed, Cancelled, GatewayFailed] as const,
  });
}

interface OperationArgs {
  readonly input: OperationRequest['input'];
  readonly idempotencyKey?: string | null;
}

async function operate(operation: OperationRequest['operation'], args: OperationArgs, context: GraphqlContext): Promise<object> {
  const { input, idempotencyKey } = args;
  const request = { principal: context.caller(), operation, input, idempotencyKey: idempotencyKey ?? null, requestId: context.requestId };
  const { state, error } = await context.services.completions.operate(request, context.signal);
  const inference = toInference(state);
  return error === null ? inference : toUserError(error, inference);
}
