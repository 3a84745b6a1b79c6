import Gateway
import RecordRing

/// What an all-knowing observer writes down: every record there ever was, what each sink has
/// stored, and which records nobody can be blamed for.
struct Journal {
    /// A record and how its JSON has to read, whenever and by whichever process it is sent.
    struct Entry {
        let sequence: UInt64
        let line: String
        let arrival: Int64
        /// Overwritten, never synced before a crash, or damaged: it may be missing.
        var isExcused = false
    }

    /// One sink's copies of one record.
    struct Delivery {
        var count = 0
        /// The process that sent the last copy.
        var session: UInt32 = 0
        /// The gateway knows of the last copy.
        var isAcknowledged = false
        /// A head record that no power cut can take says so: no process sends it again.
        var isKept = false
        /// The sink takes no records of this kind.
        var isForOthers = false
        /// The sink will never take it, and an error record says so.
        var isRejected = false
    }

    private(set) var entries: [Entry] = []
    private(set) var deliveries: [[Delivery]]
    private(set) var duplicates = 0
    /// Error records about records: who refused which, and where the error record is.
    private var errors: [(sink: Int, about: Int, entry: Int)] = []
    var errorCount: Int { errors.count }
    private var byLine: [String: Int] = [:]
    /// The youngest record of each sequence; a sequence is used again when its record was lost
    /// with the power.
    private var bySequence: [UInt64: Int] = [:]
    /// The first rule that was broken, in words.
    private(set) var violation: String?

    init(sinks: Int) {
        deliveries = Array(repeating: [], count: sinks)
    }

    mutating func violated(_ rule: String) {
        if violation == nil { violation = rule }
    }

    /// `takers`: the sinks that want it; nil: all.
    mutating func recorded(
        sequence: UInt64, line: String, arrival: Int64, takers: [Bool]? = nil
    ) {
        byLine[line] = entries.count
        bySequence[sequence] = entries.count
        entries.append(Entry(sequence: sequence, line: line, arrival: arrival))
        for sink in deliveries.indices {
            deliveries[sink].append(Delivery(isForOthers: takers.map { !$0[sink] } ?? false))
        }
    }

    /// The youngest record is an error record about the record of that line, which the sink has
    /// refused.
    mutating func rejected(_ line: String, sink: Int) {
        guard let index = byLine[line] else { return violated("an error about nothing: \(line)") }
        if deliveries[sink][index].isForOthers { violated("an error about \(line)") }
        deliveries[sink][index].isRejected = true
        errors.append((sink, index, entries.count - 1))
    }

    /// At the end of a world in which nothing is lost: what was rejected is in an error record
    /// that is.
    mutating func checkErrors() {
        for sink in deliveries.indices {
            for (index, delivery) in deliveries[sink].enumerated()
            where delivery.isRejected && delivery.count == 0 {
                let isThere = errors.contains {
                    $0.sink == sink && $0.about == index && !entries[$0.entry].isExcused
                }
                if isThere || entries[index].isExcused { continue }
                violated("\(entries[index].sequence) is rejected and gone")
            }
        }
    }

    /// Every sink has acknowledged the youngest record of this sequence.
    func isAcknowledged(_ sequence: UInt64) -> Bool {
        guard let index = bySequence[sequence] else { return false }
        return deliveries.allSatisfy {
            $0[index].isAcknowledged || $0[index].isForOthers || $0[index].isRejected
        }
    }

    func arrival(of sequence: UInt64) -> Int64? { bySequence[sequence].map { entries[$0].arrival } }

    /// These records may be missing at the end.
    mutating func excuse(_ sequences: Range<UInt64>) {
        for sequence in sequences {
            if let index = bySequence[sequence] { entries[index].isExcused = true }
        }
    }

    /// A request has left: every line has to be a record's, in order and none twice.
    mutating func sent(_ lines: [String]) {
        var last: UInt64?
        for line in lines {
            guard let index = byLine[line] else { return violated("an unknown line: \(line)") }
            let sequence = entries[index].sequence
            if let last, sequence <= last { violated("\(sequence) is sent behind \(last)") }
            last = sequence
        }
    }

    /// The sink has stored the lines that `answer` says, sent by the process of `session`.
    mutating func stored(
        _ lines: [String], _ answer: SimulatedAnswer, sink: Int, session: UInt32
    ) {
        for (place, line) in lines.enumerated() where answer.stored[place] {
            guard let index = byLine[line] else { continue }
            var delivery = deliveries[sink][index]
            if delivery.isForOthers { violated("sink \(sink) gets what is not for it: \(line)") }
            if delivery.count > 0 {
                duplicates += 1
                if delivery.isKept {
                    violated("sink \(sink) gets \(entries[index].sequence) again after a restart")
                }
                if delivery.isAcknowledged && delivery.session == session {
                    violated("sink \(sink) gets \(entries[index].sequence) again for no reason")
                }
            }
            delivery.count += 1
            delivery.session = session
            delivery.isAcknowledged = answer.acknowledged[place]
            deliveries[sink][index] = delivery
        }
    }

    /// A head record that was synced says that the sink has everything below the tail, and what
    /// it says of the records from there on.
    mutating func kept(sink: Int, _ tail: SinkTail) {
        for (sequence, index) in bySequence where !tail.lacks(sequence) {
            deliveries[sink][index].isKept = true
        }
    }

    /// The file is laid anew: no head record says any more what a sink has.
    mutating func forgetKept() {
        for sink in deliveries.indices {
            for index in deliveries[sink].indices { deliveries[sink][index].isKept = false }
        }
    }

    /// At the end: every record is with every sink, or excused.
    mutating func checkDelivery() {
        for sink in deliveries.indices {
            for (index, delivery) in deliveries[sink].enumerated() where delivery.count == 0 {
                if entries[index].isExcused || delivery.isForOthers || delivery.isRejected {
                    continue
                }
                violated("sink \(sink) never gets \(entries[index].sequence)")
            }
        }
    }
}
