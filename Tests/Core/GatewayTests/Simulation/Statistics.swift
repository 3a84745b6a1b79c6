/// What happened in one world or in all of them, so that a run that proves little shows it.
struct Statistics: CustomStringConvertible {
    var events = 0
    var actions = 0
    var records = 0
    var requests = 0
    var reads = 0
    var alarms = 0
    var crashes = 0
    var outages = 0
    var cuts = 0
    var duplicates = 0
    var lost: UInt64 = 0
    var errors = 0
    var splits = 0
    /// Requests that were made while a backlog had been left behind.
    var leftBehind = 0

    mutating func add(_ other: Statistics) {
        events += other.events
        actions += other.actions
        records += other.records
        requests += other.requests
        reads += other.reads
        alarms += other.alarms
        crashes += other.crashes
        outages += other.outages
        cuts += other.cuts
        duplicates += other.duplicates
        lost += other.lost
        errors += other.errors
        splits += other.splits
        leftBehind += other.leftBehind
    }

    var description: String {
        "\(events) events, \(actions) actions, \(records) records, \(requests) requests, "
            + "\(reads) reads of the card, \(alarms) alarm edges, \(crashes) crashes, "
            + "\(outages) times without a card, \(cuts) files cut, "
            + "\(duplicates) copies too many, \(lost) losses counted, "
            + "\(errors) error records, \(splits) requests split, "
            + "\(leftBehind) requests before a backlog"
    }
}
