import { ApiKey } from './api-key.js';
import { ApiKeySecret } from './api-key-secret.js';
import { Attempt } from './attempt.js';
import { AuditEntry } from './audit-entry.js';
import { Cancellation } from './cancellation.js';
import { CompletionContent } from './completion-content.js';
import { ConfigurationVersion } from './configuration-version.js';
import { Deployment } from './deployment.js';
import { Feedback } from './feedback.js';
import { IdempotencyKey } from './idempotency-key.js';
import { Inference } from './inference.js';
import { Installation } from './installation.js';
import { Model } from './model.js';
import { Organization } from './organization.js';
import { Price } from './price.js';
import { Provider } from './provider.js';
import { Route } from './route.js';
import { RouteVersion } from './route-version.js';
import { Team } from './team.js';

export const ENTITIES = [
  Installation,
  ConfigurationVersion,
  Organization,
  Team,
  ApiKey,
  ApiKeySecret,
  Provider,
  Model,
  Deployment,
  Price,
  Route,
  RouteVersion,
  AuditEntry,
  Inference,
  Attempt,
  IdempotencyKey,
  CompletionContent,
  Cancellation,
  Feedback,
];
