/** Why a session ended, in a word: what a metric counts by. The particulars are for the log. */
export type SessionEnd =
  | 'replaced'
  | 'claimed-elsewhere'
  | 'drain'
  | 'hung-up'
  | 'cancelled'
  | 'connection-closed'
  | 'connection-failed'
  | 'send-failed'
  | 'bad-frame'
  | 'refused';
