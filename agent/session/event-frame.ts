import type { ConnectRequest } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ExecutorEvent } from '../executor.ts';

/** The frame that tells of an event. */
export function eventFrame(event: ExecutorEvent): ConnectRequest {
  const { execution } = event;
  switch (event.type) {
    case 'accepted':
      return { event: { execution, accepted: { atUnixMs: event.atUnixMs } } };
    case 'started':
      return { event: { execution, started: { atUnixMs: event.atUnixMs, pid: event.pid } } };
    case 'finished':
      return { event: { execution, finished: event.result } };
  }
}

/** What is worth saying of an execution's present state: its end alone where it has ended. */
export function newsOf(events: readonly ExecutorEvent[]): readonly ExecutorEvent[] {
  const end = events.find((event) => event.type === 'finished');
  return end ? [end] : events;
}
