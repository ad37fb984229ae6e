import type { AccessSettings } from './access-settings.js';
import { createApiKeyChanges } from './api-key-changes.js';
import type { AccessChanges } from './contract.js';
import { createTeamChanges } from './team-changes.js';

export function createAccessChanges(settings: AccessSettings): AccessChanges {
  return { ...createTeamChanges(settings), ...createApiKeyChanges(settings) };
}
