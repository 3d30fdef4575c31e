import { type Logger, pino } from 'pino';

export type Log = Logger;

/** The program's logger: JSON lines on stderr. Field names are dotted: `node.id`, `session.epoch`, `execution.id`. */
export function createLog(name: string, level = 'info'): Log {
  return pino({ name, level }, pino.destination({ dest: 2, sync: true }));
}
