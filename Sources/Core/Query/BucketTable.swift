import Bytes
import RecordRing
import Time

/// Heart rates of many sensors, put into buckets of time as they come by.
///
/// Two buckets are open at a time, so that sensors interleave, and a clock that is set back by
/// less than a bucket changes nothing. A heart rate beyond them closes the older one; one from
/// before them (the clock was set back) closes both, and the same bucket may come once more: what
/// is closed has been written. Aligned to 1970, so the same in every answer.
struct BucketTable: ~Copyable {
    /// One bucket of one sensor. Beats per minute.
    struct Cell: BitwiseCopyable, Equatable {
        /// Its beginning, microseconds since 1970.
        let begin: Int64
        let sensor: SensorName
        var last: UInt16
        var max: UInt16
        var min: UInt16
        var count: UInt64

        init(begin: Int64, sensor: SensorName, _ value: UInt16) {
            self.begin = begin
            self.sensor = sensor
            last = value
            max = value
            min = value
            count = 1
        }
    }

    /// Sensors in one bucket at most: twice what a radio serves. Those beyond are left out.
    static let sensorsMax = 64

    private var cells = FixedArray<Cell>(capacity: 2 * BucketTable.sensorsMax)
    /// Where the older bucket's cells end.
    private var olderCount = 0
    private var older: Int64?
    private var newer: Int64?
    private var lengthMicroseconds: Int64 = 1
    /// Heart rates that found the table full, and that were not told yet.
    private(set) var leftOut: UInt64 = 0

    init() {}

    mutating func begin(lengthMicroseconds: Int64) {
        precondition(lengthMicroseconds > 0, "a bucket has a length")
        self.lengthMicroseconds = lengthMicroseconds
        cells.removeAll()
        olderCount = 0
        older = nil
        newer = nil
        leftOut = 0
    }

    /// Puts a heart rate into its bucket. `close` is given what is complete, in the order of its
    /// time and, within a bucket, in the order in which the sensors came.
    mutating func add(
        _ value: UInt16, of sensor: SensorName, at wallMicroseconds: Int64, close: (Cell) -> Void
    ) {
        let begin = self.begin(of: wallMicroseconds)
        open(begin, close)
        let range = begin == newer ? olderCount..<cells.count : 0..<olderCount
        for place in range where cells[place].sensor == sensor {
            var cell = cells[place]
            cell.last = value
            cell.max = Swift.max(cell.max, value)
            cell.min = Swift.min(cell.min, value)
            cell.count += 1
            cells[place] = cell
            return
        }
        guard range.count < Self.sensorsMax else {
            leftOut += 1
            return
        }
        insert(Cell(begin: begin, sensor: sensor, value), at: range.upperBound)
        if begin != newer { olderCount += 1 }
    }

    /// No more comes: everything is complete.
    mutating func closeAll(_ close: (Cell) -> Void) {
        for place in 0..<cells.count { close(cells[place]) }
        cells.removeAll()
        olderCount = 0
        older = nil
        newer = nil
    }

    /// Takes what was left out, to tell it.
    mutating func takeLeftOut() -> UInt64 {
        defer { leftOut = 0 }
        return leftOut
    }

    /// The beginning of the bucket that a time lies in. Before 1970 too: it lies before the time.
    private func begin(of wallMicroseconds: Int64) -> Int64 {
        let rest = wallMicroseconds % lengthMicroseconds
        let (begin, overflow) = wallMicroseconds.subtractingReportingOverflow(
            rest < 0 ? rest + lengthMicroseconds : rest)
        return overflow ? Int64.min : begin
    }

    /// Makes this bucket the older or the newer one.
    private mutating func open(_ begin: Int64, _ close: (Cell) -> Void) {
        guard begin != newer, begin != older else { return }
        guard let newer, begin < newer else {
            // Time goes on.
            closeOlder(close)
            olderCount = cells.count
            older = newer
            newer = begin
            return
        }
        if let older, begin < older {
            closeAll(close)
            self.newer = begin
            return
        }
        closeOlder(close)
        older = begin
    }

    private mutating func closeOlder(_ close: (Cell) -> Void) {
        for place in 0..<olderCount { close(cells[place]) }
        cells.removeFirst(olderCount)
        olderCount = 0
    }

    private mutating func insert(_ cell: Cell, at place: Int) {
        cells.append(cell)
        var index = cells.count - 1
        while index > place {
            cells[index] = cells[index - 1]
            index -= 1
        }
        cells[place] = cell
    }
}
