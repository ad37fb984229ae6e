import type { EntityManager } from 'typeorm';
import { randomBytes } from 'node:crypto';
import { newId, uuidFromId } from '../../src/core/ids.js';
import type { OrganizationId } from '../../src/core/ids.js';
import { ApiKeySecret } from '../../src/storage/entities/api-key-secret.js';
import { ApiKey } from '../../src/storage/entities/api-key.js';
import { Attempt } from '../../src/storage/entities/attempt.js';
import { AuditEntry } from '../../src/storage/entities/audit-entry.js';
import { Cancellation } from '../../src/storage/entities/cancellation.js';
import { CompletionContent } from '../../src/storage/entities/completion-content.js';
import { Deployment } from '../../src/storage/entities/deployment.js';
import { Feedback } from '../../src/storage/entities/feedback.js';
import { IdempotencyKey } from '../../src/storage/entities/idempotency-key.js';
import { Inference } from '../../src/storage/entities/inference.js';
import { Model } from '../../src/storage/entities/model.js';
import { Organization } from '../../src/storage/entities/organization.js';
import { Price } from '../../src/storage/entities/price.js';
import { Provider } from '../../src/storage/entities/provider.js';
import { Route } from '../../src/storage/entities/route.js';
import { RouteVersion } from '../../src/storage/entities/route-version.js';
import { Team } from '../../src/storage/entities/team.js';

/** A row in every tenant's table. */
export async function insertOneOfEverything(manager: EntityManager, organization: OrganizationId, at = new Date()): Promise<void> {
  const organizationId = uuidFromId(organization);
  const [teamId, keyId, providerId, modelId] = (['team', 'key', 'provider', 'model'] as const).map((kind) => uuidFromId(newId(kind)));
  if (!teamId || !keyId || !providerId || !modelId) throw new Error('unreachable');
  const inferenceId = uuidFromId(newId('completion'));
  const named = { slug: 'one', name: 'One', createdAt: at, organizationId };
  await manager.insert(Organization, { id: organizationId, slug: organization, name: 'One', createdAt: at });
  await manager.insert(Team, { ...named, id: teamId });
  await manager.insert(ApiKey, {
    id: keyId,
    organizationId,
    teamId,
    name: 'one',
    prefix: 'gp_one',
    permissions: ['INFERENCE'],
    createdAt: at,
  });
  await manager.insert(ApiKeySecret, { hash: randomBytes(32), organizationId, apiKeyId: keyId, createdAt: at });
  await manager.insert(Provider, { ...named, id: providerId, wireFormat: 'OPENAI_CHAT', baseUrl: 'https://api.example.com/v1' });
  await manager.insert(Model, { ...named, id: modelId, vendor: 'one', operations: ['COMPLETION'], capabilities: ['STREAMING'] });
  await manager.insert(Deployment, {
    id: uuidFromId(newId('deployment')),
    organizationId,
    slug: 'one.one',
    providerId,
    modelId,
    upstreamModel: 'one-1',
    createdAt: at,
  });
  await manager.insert(Price, {
    id: uuidFromId(newId('price')),
    organizationId,
    modelId,
    effectiveFrom: at,
    source: 'test',
    tiers: [{ aboveInputTokens: 0, rates: [{ component: 'INPUT', amount: '0.15', per: 1_000_000 }] }],
    createdAt: at,
  });
  const routeId = uuidFromId(newId('route'));
  await manager.insert(Route, { id: routeId, organizationId, slug: 'one', currentVersion: 1, createdAt: at });
  const version = { routeId, organizationId, version: 1, definition: { target: { model: 'one' } }, publishedAt: at, publishedBy: keyId };
  await manager.insert(RouteVersion, version);
  await manager.insert(AuditEntry, {
    id: uuidFromId(newId('audit')),
    organizationId,
    at,
    actor: 'test',
    action: 'createTeam',
    targetId: teamId,
    targetKind: 'Team',
  });
  await manager.insert(Cancellation, { inferenceId, organizationId, requestedAt: at });
  await manager.insert(Inference, {
    id: inferenceId,
    organizationId,
    operation: 'COMPLETION',
    status: 'SUCCEEDED',
    requestedModel: 'one',
    apiKeyId: keyId,
    teamId,
    usage: { input: 3, output: 5, source: 'REPORTED' },
    cost: '0.000001234567',
    createdAt: at,
  });
  await manager.insert(Attempt, {
    id: uuidFromId(newId('attempt')),
    organizationId,
    inferenceId,
    index: 0,
    status: 'SUCCEEDED',
    startedAt: at,
    usage: { input: 3, output: 5, source: 'REPORTED' },
  });
  await manager.insert(IdempotencyKey, {
    organizationId,
    apiKeyId: keyId,
    operation: 'COMPLETION',
    key: 'one',
    fingerprint: randomBytes(32),
    inferenceId,
    owner: inferenceId,
    ownerExpiresAt: at,
    createdAt: at,
    expiresAt: at,
  });
  await manager.insert(CompletionContent, {
    completionId: inferenceId,
    kind: 'EVENTS',
    organizationId,
    envelope: randomBytes(32),
    createdAt: at,
    expiresAt: at,
  });
  await manager.insert(Feedback, {
    id: uuidFromId(newId('feedback')),
    organizationId,
    inferenceId,
    apiKeyId: keyId,
    value: 0.5,
    weight: 1,
    createdAt: at,
  });
}
