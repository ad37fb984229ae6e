import type { Logger } from '../../src/core/logger.js';

export interface LogLine {
  readonly level: keyof Logger;
  readonly fields: object;
  readonly message: string;
}

export interface CollectingLogger extends Logger {
  readonly lines: readonly LogLine[];
  messages(level?: keyof Logger): readonly string[];
}

/** Keeps what is logged, for a test to look at. */
export function collectingLogger(): CollectingLogger {
  const lines: LogLine[] = [];
  const at = (level: keyof Logger) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  return {
    lines,
    messages: (level) => lines.filter((line) => level === undefined || line.level === level).map((line) => line.message),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  };
}
