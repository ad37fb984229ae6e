/** An account at a cloud, by which calls are signed where a vendor wants more than a key. */
export type CloudAccount =
  | { readonly kind: 'aws'; readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken: string | null }
  | {
      readonly kind: 'googleServiceAccount';
      readonly clientEmail: string;
      /** PEM */
      readonly privateKey: string;
      readonly privateKeyId: string | null;
      /** Where tokens are given out: https://oauth2.googleapis.com/token */
      readonly tokenUri: string;
      readonly projectId: string | null;
    };

/** What of an account must not be told. */
export function secretsOfAccount(account: CloudAccount): readonly string[] {
  if (account.kind === 'googleServiceAccount') return [account.privateKey];
  return [account.secretAccessKey, ...(account.sessionToken === null ? [] : [account.sessionToken])];
}
