/** Every wait between two replicas, in ms. A peer that says nothing is given up within two thirds of a lease term. */
export interface PeerTimes {
  /** Nothing heard for so long: the link is over. */
  readonly silenceMs: number;
  /** Something is said at least so often. */
  readonly statusEveryMs: number;
  /** A changed status is said at most so often. */
  readonly statusSettlesMs: number;
  /** For a connection and the first frame on it, each. */
  readonly connectMs: number;
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Waits between dials: full jitter from here … */
  readonly redialBaseMs: number;
  /** … to here. */
  readonly redialCapMs: number;
}

export function peerTimes(leaseTermMs: number): PeerTimes {
  return {
    silenceMs: (leaseTermMs * 2) / 3,
    statusEveryMs: Math.min(2000, leaseTermMs / 6),
    statusSettlesMs: Math.min(250, leaseTermMs / 20),
    connectMs: Math.min(5000, leaseTermMs / 2),
    keepaliveIntervalMs: Math.ceil(leaseTermMs / 3),
    keepaliveTimeoutMs: Math.ceil(leaseTermMs / 3),
    redialBaseMs: 50,
    redialCapMs: Math.min(2000, leaseTermMs / 4),
  };
}
