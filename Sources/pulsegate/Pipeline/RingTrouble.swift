import Gateway
import Linux

/// What the card does wrong, in lines of the log: one when it begins, one when it ends, and
/// between the two one at most every ten minutes, or every minute when the reason changes.
final class RingTroubleLog {
    private static let changeNanoseconds: Int64 = 60_000_000_000
    private static let reminderNanoseconds: Int64 = 600_000_000_000

    private let log: Log
    private let path: String
    /// What the last job that failed ran into; nil when the last one succeeded.
    private(set) var failure: SystemError?
    /// What the last line said, and when (monotonic nanoseconds).
    private var said: (failure: SystemError, at: Int64)?

    init(log: Log, path: String) {
        self.log = log
        self.path = path
    }

    /// A job has failed. The gateway reports the first of them; a later one gets a line when it
    /// says something else, or when the last line is long ago. `unsynced` records are in memory
    /// alone.
    func note(_ failure: SystemError, unsynced: UInt64, now: Int64) {
        self.failure = failure
        guard let said else { return }
        let patience =
            said.failure == failure ? Self.reminderNanoseconds : Self.changeNanoseconds
        guard now - said.at >= patience else { return }
        self.said = (failure, now)
        log.write(
            .error,
            "ring: still fails: \(failure); \(Self.records(unsynced)) in memory alone; "
                + Self.remedy(failure, path))
    }

    /// A job has succeeded.
    func noteSuccess() { failure = nil }

    /// The card's own reports; answers false for those of anything else.
    func note(_ report: Report, now: Int64) -> Bool {
        switch report {
        case .ringFailed(let unsynced, let room, let wait):
            // The gateway reports when it is asked for actions: the failure is still the one.
            if let failure { said = (failure, now) }
            let what = failure.map { "\($0)" } ?? "\(path): a job failed"
            log.write(
                .error,
                "ring: \(what); \(Self.exposure(unsynced, room)); "
                    + (failure.map { Self.remedy($0, path) + "; " } ?? "")
                    + "tried again in \(Messages.seconds(wait)), later at least every "
                    + Messages.seconds(Limits.diskRetryMaxNanoseconds))
        case .ringStalled(let unsynced, let room, let nanoseconds):
            log.write(
                .error,
                "ring: \(path): the card has not answered for \(Messages.seconds(nanoseconds)); "
                    + "\(Self.exposure(unsynced, room)); if it stays like this, replace the card")
        case .ringCut(let count):
            log.write(
                .warning,
                "ring: \(path): laid anew: the last \(Self.records(count)) written again from "
                    + "memory; what a sink misses of the older ones is said in a gap record")
        case .ringRecovered(let since, let givenUp):
            said = nil
            log.write(
                .notice,
                "ring: \(path): works again after \(Messages.seconds(now - since)); "
                    + (givenUp == 0
                        ? "nothing is missing from it"
                        : "\(givenUp) records left memory before it took them"))
        default: return false
        }
        return true
    }

    /// The file was not as it should be, and is again.
    func note(_ mend: RingMend) {
        switch mend {
        case .cut(let bytes):
            log.write(
                .error,
                "ring: \(path): somebody cut it to \(bytes) bytes while it was open")
        case .shortened(let bytes):
            log.write(
                .warning,
                "ring: \(path): somebody made it \(bytes) bytes long while it was open; cut back "
                    + "to its own, and nothing of it is lost")
        case .putBack(let aside):
            log.write(
                .warning,
                "ring: \(path): deleted, moved or replaced while it was open; put back with all "
                    + "its records"
                    + (aside.map { "; the ring that lay there is \($0) now" } ?? ""))
        }
    }

    private static func exposure(_ unsynced: UInt64, _ room: UInt64) -> String {
        "\(records(unsynced)) in memory alone and a power cut would take them (room for \(room) "
            + "more); alarm and sinks go on"
    }

    private static func records(_ count: UInt64) -> String {
        "\(RingText.count(count, "record")) \(count == 1 ? "is" : "are")"
    }

    /// What people can do about it.
    static func remedy(_ failure: SystemError, _ path: String) -> String {
        switch failure.diskCause {
        case .full: "make room on the file system of \(path)"
        case .readOnly:
            "the file system has gone read-only: look at dmesg, check it (fsck), mount it writable"
        case .device: "look at dmesg; a card that does this again is worn out: replace it"
        case .elsewhere:
            "its folder is on another file system than the open file: mount the card again, or "
                + "start pulsegate anew to begin a ring there"
        case .occupied:
            "something else lies at \(path): move it away, and the ring is put back by itself"
        case .inUse:
            "another process uses the file that lies at \(path) now: stop it and move the file "
                + "away, and the ring is put back by itself"
        case .other: "look at dmesg and at the permissions of \(path)"
        }
    }
}
