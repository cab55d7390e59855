/** What a lost connection and refused dials prove about a peer on another host. */

export interface RefusalEvidence {
  /** Its beat is another one than when the connection was lost: it lives. */
  beatMoved: boolean
  holdsExclusive: boolean
  /** Sessions to which the connection was lost at about the same time, this one included. */
  lost: number
  /** Live sessions but one's own. */
  known: number
}

/** This many lost at a time, and this share of all, say more about the network than about the peers. */
const BRAKE_MIN_SESSIONS = 3
const BRAKE_SHARE = 0.3

/** Whether a session whose port refuses may be buried without waiting for its silence. */
export function mayBuryRefused({ beatMoved, holdsExclusive, lost, known }: RefusalEvidence): boolean {
  if (beatMoved || holdsExclusive) return false
  return lost < BRAKE_MIN_SESSIONS || lost <= known * BRAKE_SHARE
}
