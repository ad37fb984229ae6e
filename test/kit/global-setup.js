import { tsImport } from 'tsx/esm/api';

/** Jest loads this file by itself, outside its own TypeScript transform. */
export default async function globalSetup() {
  const { startTestCluster } = await tsImport('./cluster.ts', import.meta.url);
  const cluster = await startTestCluster();
  process.env.GLIDEPATH_TEST_DATABASE_URL = cluster.url;
  globalThis.__glidepathTestCluster = cluster;
}
