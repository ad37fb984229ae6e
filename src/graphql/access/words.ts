import type { PayloadStorageMode } from '../../core/payload-storage.js';
import type { ApiKeyState, Permission } from '../../core/vocabulary.js';
import { declareEnum } from '../declare-enum.js';

export const PermissionEnum = declareEnum<Permission>(
  'Permission',
  'What a key may do. Write includes read; ADMIN is all; nobody grants what they lack. A team’s key sees and changes only that team’s.',
  {
    INFERENCE: 'Runs calls; reads, streams and cancels its own; lists the models it may use.',
    USAGE_READ: 'Reads what others ran, what it cost, and teams.',
    PAYLOAD_READ: 'Reads the words of what others ran, and stored prompts.',
    CATALOG_READ: 'Reads models, providers and deployments, with addresses and what providers said of failures.',
    CONFIG_WRITE: 'Changes models, prices, providers and deployments. Never held by a team’s key.',
    KEYS_WRITE: 'Reads and changes teams and API keys.',
    BUDGETS_WRITE: 'Changes budgets and rate limits.',
    AUDIT_READ: 'Reads who changed what.',
    ADMIN: 'All of it.',
  },
);

export const PayloadStorageModeEnum = declareEnum<PayloadStorageMode>('PayloadStorageMode', 'What is stored of prompts and answers.', {
  NONE: 'Nothing beyond what resuming and idempotency need (24 h with a key, 10 min without).',
  REDACTED: 'Both, with keys, tokens, e-mail addresses and card numbers masked, and without media.',
  FULL: 'Both, as they were.',
});

export const ApiKeyStateEnum = declareEnum<ApiKeyState>('ApiKeyState', 'Whether a key works.', {
  ACTIVE: 'It works.',
  EXPIRED: 'Its time is over.',
  REVOKED: 'It was withdrawn.',
});
