import RecordRing

/// Why a job of the card failed: as much as the gateway has to know of it.
public enum RingFailure: Equatable, Sendable {
    /// The card, its cable or its file system: reads prove nothing either.
    case device
    /// Nothing can be written, and what is there can be read (EROFS): old cards end that way.
    case readOnly
}

/// A card that does not do its work, from its first failure or silence to the next success.
public struct RingTrouble: Equatable, Sendable {
    /// What it does instead.
    public enum Kind: Equatable, Sendable {
        /// Jobs fail.
        case failing
        /// A job was begun and does not end.
        case stalled
    }

    public internal(set) var kind: Kind
    /// When it began, monotonic nanoseconds.
    public let since: Int64
    /// `Counters.unsyncedGivenUp` when it began.
    let givenUpBefore: UInt64
}

// While the card fails, records are in memory alone: the window takes the youngest, the alarm and
// the sinks go on from there, and the card is tried again after 1, 2, 4, … 30 seconds. When it
// works, everything since the last sync that succeeded is written again.
extension Gateway {
    /// Records that memory can still take before the oldest one leaves it unsynced.
    public var roomInMemory: UInt64 { unsyncedLimit - min(cursor.unsyncedCount, unsyncedLimit) }

    /// When the card is tried again; nil when nothing has failed.
    public var ringRetryAt: Int64? { disk.writeRetryAt ?? disk.readRetryAt }

    /// A job has failed: reported when it is news, and not again before the card has worked.
    mutating func noteFailure(now: Int64) {
        let isNews = ringTrouble?.kind != .failing
        if ringTrouble == nil { beginTrouble(.failing, now: now) }
        ringTrouble?.kind = .failing
        guard isNews else { return }
        report(
            .ringFailed(
                unsynced: cursor.unsyncedCount, room: roomInMemory,
                retryNanoseconds: max(0, (ringRetryAt ?? now) - now)))
    }

    /// A job has succeeded. That ends the trouble, unless the other kind of job still fails: a
    /// card that can be read and not written is failing.
    mutating func noteSuccess() {
        guard let trouble = ringTrouble, disk.isWell else { return }
        ringTrouble = nil
        report(
            .ringRecovered(
                since: trouble.since,
                givenUp: counters.unsyncedGivenUp - trouble.givenUpBefore))
    }

    /// A job is under way.
    mutating func noteStall(now: Int64) {
        guard let due = stallDue, now >= due else { return }
        beginTrouble(.stalled, now: jobBegan)
        report(
            .ringStalled(
                unsynced: cursor.unsyncedCount, room: roomInMemory, nanoseconds: now - jobBegan))
    }

    /// When the job under way is called stalled; nil when none is, or that has been said.
    var stallDue: Int64? {
        guard disk.job != .none, ringTrouble == nil else { return nil }
        return jobBegan + Limits.diskStallNanoseconds
    }

    private mutating func beginTrouble(_ kind: RingTrouble.Kind, now: Int64) {
        ringTrouble = RingTrouble(
            kind: kind, since: now, givenUpBefore: counters.unsyncedGivenUp)
    }

    /// The file has lost some or all of its bytes, and was not written to: the next write lays it
    /// anew. Nobody knows what is left in it, so every record that memory holds counts as
    /// unsynced and is written again at once, and the head record to both of its places. What
    /// only the file had is found missing when a sink asks for it, and said in a gap record.
    public mutating func ringCut(now: Int64) {
        guard case .writing = disk.job else {
            preconditionFailure("a write finds that the file was cut")
        }
        cursor.markUnsynced(from: max(window.start, cursor.oldest))
        disk.wasCut(rewriting: cursor.head)
        report(.ringCut(count: cursor.unsyncedCount))
    }

    /// What the file has lost is being written again.
    var isRewriting: Bool { cursor.synced < disk.rewriteEnd || disk.headsMissing > 0 }
}
