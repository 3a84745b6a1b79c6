import Bytes
public import RecordRing
import Vitals

/// The last idempotency keys, and what came with each: so that a post that is sent again, because
/// its answer was lost, is not recorded again (IETF httpapi, "The Idempotency-Key HTTP Header
/// Field", draft 07).
///
/// It is in memory, with a limit. A record in the ring has its key's hash; so after a start the
/// newest records fill the table again, with what they say of it: the forms under the key, in
/// their order.
///
/// Invariant: `count <= limit`; of more keys the oldest is forgotten.
public struct KeyTable: ~Copyable {
    /// Keys that are remembered.
    public static let limit = 1_024

    /// What is known of a key.
    struct Entry: BitwiseCopyable {
        var key: UInt64
        /// Of the post as it came; nil after a start.
        var post: UInt64?
        /// Forms that were recorded under the key, and the hash of all of them in their order.
        var forms: UInt32 = 0
        var chain: UInt64 = 0
        /// The last record that has to be on the card before the answer; nil for none.
        var last: UInt64?
    }

    private var entries = FixedArray<Entry>(capacity: limit)
    /// Where the next key goes when the table is full: in the place of the oldest.
    private var oldest = 0
    /// The key of which the first records may be missing among those that are restored.
    private var cutKey: UInt64?

    public init() {}

    public var count: Int { entries.count }

    /// 56 bits of a key for a path, never 0.
    public static func hash(of key: Span<UInt8>, path: PostPath) -> UInt64 {
        var hash = PostHash()
        hash.mix(UInt64(path.rawValue))
        hash.mix(key)
        return max(1, hash.value & (1 << PatientStats.keyHashBits - 1))
    }

    /// Hash of one form, joined to that of the forms before it.
    static func chain(_ before: UInt64, _ name: Span<UInt8>, _ stats: PatientStats) -> UInt64 {
        var hash = PostHash()
        hash.mix(before)
        hash.mix(name)
        hash.mix(UInt64(bitPattern: stats.timeMicroseconds))
        for quantity in PatientQuantity.allCases {
            hash.mix(UInt64(bitPattern: stats.units(of: quantity)))
        }
        return hash.value
    }

    private func place(of key: UInt64) -> Int? {
        for index in 0..<entries.count where entries[index].key == key { return index }
        return nil
    }

    subscript(key: UInt64) -> Entry? { place(of: key).map { entries[$0] } }

    /// Remembers a key, or more of one that is there.
    mutating func remember(_ entry: Entry) {
        if let place = place(of: entry.key) {
            entries[place] = entry
        } else if entries.isFull {
            entries[oldest] = entry
            oldest = (oldest + 1) % Self.limit
        } else {
            entries.append(entry)
        }
    }

    /// The records under the key are lost: it is as if it had never come.
    mutating func forget(_ key: UInt64) {
        guard let place = place(of: key) else { return }
        // In its place stays an entry that no key finds: a hash is never 0.
        entries[place] = Entry(key: 0, post: nil)
    }

    /// A record of the ring, in the order of their sequences, at the start. `isFirst`: others may
    /// have stood before it. Then what came with its key is not known whole, and is not restored.
    mutating func restore(_ record: Record, isFirst: Bool) {
        guard case .patientStats(let stats) = record.payload, stats.keyHash != 0,
            let name = stats.name(in: record)
        else { return }
        if isFirst { cutKey = stats.keyHash }
        guard stats.keyHash != cutKey else { return }
        var entry = self[stats.keyHash] ?? Entry(key: stats.keyHash, post: nil)
        entry.chain = Self.chain(entry.chain, name.bytes, stats)
        entry.forms += 1
        remember(entry)
    }
}
