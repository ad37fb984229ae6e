import { MigrationExecutor } from 'typeorm';
import type { DataSource } from 'typeorm';

/** Takes back the newest migrations, that of this name the last. */
export async function undoMigration(dataSource: DataSource, name: string): Promise<void> {
  const executor = new MigrationExecutor(dataSource);
  for (;;) {
    const newest = (await executor.getExecutedMigrations()).toSorted((left, right) => right.timestamp - left.timestamp)[0];
    if (!newest) throw new Error(`no migration ${name} to take back`);
    await executor.undoLastMigration();
    if (newest.name === name) return;
  }
}
