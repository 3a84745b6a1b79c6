import Bytes

/// One row of sequences, its end not included.
struct Stretch: BitwiseCopyable {
    var first: UInt64
    var end: UInt64
}

/// Rows of sequences that were left behind, oldest first: disjoint, ascending, none empty.
struct Stretches: ~Copyable {
    private var rows: FixedArray<Stretch>
    /// Sequences in all of them.
    private(set) var count: UInt64 = 0

    init(capacity: Int) { rows = FixedArray(capacity: capacity) }

    /// The oldest sequence.
    var first: UInt64? { rows.isEmpty ? nil : rows[0].first }

    /// The row at this place; nil behind the last.
    func stretch(_ place: Int) -> Stretch? { place < rows.count ? rows[place] : nil }

    /// The sequence at this place of all of them.
    subscript(place: Int) -> UInt64? {
        var rest = UInt64(place)
        guard rest < count else { return nil }
        for row in 0..<rows.count {
            let length = rows[row].end - rows[row].first
            if rest < length { return rows[row].first + rest }
            rest -= length
        }
        return nil
    }

    func contains(_ sequence: UInt64) -> Bool {
        for row in 0..<rows.count where sequence < rows[row].end {
            return sequence >= rows[row].first
        }
        return false
    }

    /// Sequences from `oldest` on.
    func count(from oldest: UInt64) -> UInt64 {
        var sum: UInt64 = 0
        for row in 0..<rows.count where rows[row].end > oldest {
            sum += rows[row].end - max(rows[row].first, oldest)
        }
        return sum
    }

    /// Adds a row behind the others; false when there is no room for one.
    mutating func append(_ first: UInt64, _ end: UInt64) -> Bool {
        precondition(first < end, "a stretch is not empty")
        let last = rows.count - 1
        if last >= 0, rows[last].end == first {
            rows[last].end = end
        } else {
            guard !rows.isFull else { return false }
            rows.append(Stretch(first: first, end: end))
        }
        count += end - first
        return true
    }

    /// Takes the first `number` sequences away.
    mutating func removeFirst(_ number: UInt64) {
        precondition(number <= count, "no more is removed than is there")
        count -= number
        var rest = number
        while rest > 0 {
            let length = rows[0].end - rows[0].first
            if length > rest {
                rows[0].first += rest
                return
            }
            rest -= length
            rows.removeFirst(1)
        }
    }

    /// Takes the sequences below `oldest` away. Answers how many there were.
    mutating func remove(below oldest: UInt64) -> UInt64 {
        let gone = count - count(from: oldest)
        removeFirst(gone)
        return gone
    }
}
