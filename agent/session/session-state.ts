import type { ConnectRequest } from '../../proto/gen/muster/v1/ConnectRequest.ts';
import type { ExecutionId } from '../../shared/ids.ts';
import type { ExecutorEvent, KnownExecutionView, Offer } from '../executor.ts';
import { compareEpochs, type Epoch, formatEpoch } from './epoch.ts';
import type { FrameIn, ReadRequest } from './frame-in.ts';

/** Why a session is over. */
export interface SessionEnd {
  readonly reason: SessionEndReason;
  readonly message: string;
  /** The replica wants to be left alone for so long. */
  readonly retryAfterMs?: number;
}

export type SessionEndReason =
  /** No connection came about, or it broke, or the replica ended the stream. */
  | 'connection'
  /** The peer takes connections and then says nothing. */
  | 'no-welcome'
  /** The replica's epoch is lower than one seen before: another one holds the node. */
  | 'stale-epoch'
  /** The replica sent what the protocol does not allow; the message names the field. */
  | 'frame-invalid'
  /** The replica does not take what it caused. */
  | 'lane-full'
  /** The replica asked for it. */
  | 'reconnect'
  /** The agent stops. */
  | 'closed'
  /** The agent itself failed. */
  | 'internal';

/** A session only moves forward, from `dialing` to `ended`. */
export type SessionState =
  | { readonly name: 'dialing' }
  /** `unsaid`: executions that the replica must hear of after `Welcome`. */
  | { readonly name: 'hello-sent'; readonly highest: Epoch | undefined; readonly unsaid: ReadonlySet<ExecutionId> }
  | { readonly name: 'live'; readonly epoch: Epoch; readonly replica: string }
  /** What is queued still goes out, what comes in still counts; nothing new is said. */
  | { readonly name: 'draining'; readonly end: SessionEnd }
  | { readonly name: 'ended'; readonly end: SessionEnd };

export type SessionInput =
  | { readonly type: 'connected'; readonly highest: Epoch | undefined; readonly known: readonly KnownExecutionView[] }
  | { readonly type: 'frame'; readonly frame: FrameIn }
  | { readonly type: 'event'; readonly event: ExecutorEvent }
  | { readonly type: 'heartbeat-due'; readonly loadPercent: number; readonly running: number }
  | { readonly type: 'welcome-overdue'; readonly afterMs: number }
  | { readonly type: 'drain-overdue' }
  | { readonly type: 'close' }
  | { readonly type: 'failed'; readonly end: SessionEnd };

export type SessionEffect =
  /** All pages of `Hello`; then `Welcome` is due. */
  | { readonly type: 'say-hello'; readonly highest: Epoch | undefined; readonly known: readonly KnownExecutionView[] }
  | { readonly type: 'raise-epoch'; readonly epoch: Epoch }
  | { readonly type: 'live'; readonly epoch: Epoch; readonly replica: string; readonly heartbeatIntervalMs: number }
  | { readonly type: 'send'; readonly frame: ConnectRequest }
  | { readonly type: 'send-event'; readonly event: ExecutorEvent }
  /** Say the present state of these, at the pace the stream takes them. */
  | { readonly type: 'repeat'; readonly executions: readonly ExecutionId[] }
  | { readonly type: 'offer'; readonly offer: Offer; readonly reads: readonly ReadRequest[] }
  | { readonly type: 'input'; readonly execution: ExecutionId; readonly offset: number; readonly data: Buffer }
  | {
      readonly type: 'cancel';
      readonly execution: ExecutionId;
      readonly signal: number;
      readonly graceMs: number | undefined;
    }
  | { readonly type: 'read'; readonly read: ReadRequest }
  | { readonly type: 'release'; readonly executions: readonly ExecutionId[] }
  | { readonly type: 'warn'; readonly field: string; readonly message: string }
  /** Write out what is queued, then end our half of the stream. */
  | { readonly type: 'drain' }
  | { readonly type: 'end'; readonly end: SessionEnd };

export interface SessionStep {
  readonly state: SessionState;
  readonly effects: readonly SessionEffect[];
}

export const initialSessionState: SessionState = { name: 'dialing' };

/** What the session does next. Total: any input in any state; nothing follows `ended`. */
export function stepSession(state: SessionState, input: SessionInput): SessionStep {
  if (state.name === 'ended') return stay(state);
  switch (input.type) {
    case 'connected': {
      if (state.name !== 'dialing') return stay(state);
      const { highest, known } = input;
      const unsaid = new Set(known.filter((view) => isTerminal(view.state)).map((view) => view.id));
      return { state: { name: 'hello-sent', highest, unsaid }, effects: [{ type: 'say-hello', highest, known }] };
    }
    case 'frame':
      return onFrame(state, input.frame);
    case 'event':
      if (state.name === 'live') return stay(state, { type: 'send-event', event: input.event });
      // Before Welcome nothing but Hello may be said; when draining, the next session's Hello says it.
      if (state.name !== 'hello-sent') return stay(state);
      return { state: { ...state, unsaid: new Set([...state.unsaid, input.event.execution]) }, effects: [] };
    case 'heartbeat-due': {
      const { loadPercent, running } = input;
      return state.name === 'live'
        ? stay(state, { type: 'send', frame: { heartbeat: { loadPercent, running } } })
        : stay(state);
    }
    case 'welcome-overdue':
      if (state.name !== 'hello-sent') return stay(state);
      return endWith({ reason: 'no-welcome', message: `no Welcome within ${input.afterMs} ms of Hello` });
    case 'drain-overdue':
      return state.name === 'draining' ? endWith(state.end) : stay(state);
    case 'close': {
      const end: SessionEnd = { reason: 'closed', message: 'the agent stops' };
      if (state.name === 'live') return drainTo(end);
      return state.name === 'draining' ? { state: { ...state, end }, effects: [] } : endWith(end);
    }
    case 'failed':
      return endWith(state.name === 'draining' ? state.end : input.end);
  }
}

function onFrame(state: Exclude<SessionState, { name: 'ended' }>, frame: FrameIn): SessionStep {
  if (frame.type === 'invalid')
    return endWith({ reason: 'frame-invalid', message: `${frame.field}: ${frame.message}` });
  if (frame.type === 'welcome') {
    if (state.name !== 'hello-sent') return misplaced('welcome', 'comes once, after Hello');
    const { epoch, replica, heartbeatIntervalMs } = frame;
    const { highest, unsaid } = state;
    if (highest && compareEpochs(epoch, highest) < 0) {
      const message = `epoch ${formatEpoch(epoch)} of replica ${replica} is lower than ${formatEpoch(highest)}, seen before`;
      return endWith({ reason: 'stale-epoch', message });
    }
    const effects: SessionEffect[] = [];
    if (!highest || compareEpochs(epoch, highest) > 0) effects.push({ type: 'raise-epoch', epoch });
    effects.push({ type: 'live', epoch, replica, heartbeatIntervalMs });
    if (unsaid.size > 0) effects.push({ type: 'repeat', executions: [...unsaid] });
    return { state: { name: 'live', epoch, replica }, effects };
  }
  if (state.name !== 'live' && state.name !== 'draining') return misplaced(frame.type, 'came before welcome');
  switch (frame.type) {
    case 'reconnect': {
      if (state.name === 'draining') return stay(state);
      const message = `the replica asks to dial again: ${frame.reason}`;
      return drainTo({ reason: 'reconnect', message, retryAfterMs: frame.afterMs });
    }
    case 'refused':
      return stay(state, { type: 'warn', field: frame.field, message: frame.message }, ...answer(state, frame.answer));
    case 'start':
      return stay(state, { type: 'offer', offer: frame.offer, reads: state.name === 'live' ? frame.reads : [] });
    case 'read':
      return state.name === 'live' ? stay(state, frame) : stay(state);
    case 'release':
      return stay(
        state,
        ...frame.refused.map((message): SessionEffect => ({ type: 'warn', field: 'release.executions', message })),
        { type: 'release', executions: frame.executions },
      );
    default:
      return stay(state, frame);
  }
}

const stay = (state: SessionState, ...effects: SessionEffect[]): SessionStep => ({ state, effects });

const answer = (state: SessionState, frame: ConnectRequest | undefined): SessionEffect[] =>
  frame && state.name === 'live' ? [{ type: 'send', frame }] : [];

const endWith = (end: SessionEnd): SessionStep => ({ state: { name: 'ended', end }, effects: [{ type: 'end', end }] });

const drainTo = (end: SessionEnd): SessionStep => ({ state: { name: 'draining', end }, effects: [{ type: 'drain' }] });

const misplaced = (field: string, message: string): SessionStep =>
  endWith({ reason: 'frame-invalid', message: `${field}: ${message}` });

const open: ReadonlySet<string> = new Set([
  'EXECUTION_STATE_UNSPECIFIED',
  'EXECUTION_STATE_PENDING',
  'EXECUTION_STATE_DISPATCHED',
  'EXECUTION_STATE_RUNNING',
]);

/** Whether nothing follows this state. */
export const isTerminal = (state: KnownExecutionView['state']): boolean => !open.has(state);
