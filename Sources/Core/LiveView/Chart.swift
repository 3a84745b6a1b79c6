/// A part of the canvas, in cells.
struct Area {
    var column: Int
    var row: Int
    var width: Int
    var height: Int

    var end: Int { column + width }
    var bottom: Int { row + height }

    /// Without a frame one cell wide.
    var inside: Area {
        Area(
            column: column + 1, row: row + 1, width: max(0, width - 2),
            height: max(0, height - 2))
    }
}

/// The line of the last minutes, with the limit drawn through it.
///
/// With braille a cell is 2 × 4 dots, so a chart 70 columns wide shows 140 points; with ASCII a
/// cell is one point. Above the limit the line is also red.
struct Chart {
    let history: HeartRateHistory
    let limit: Int
    /// The plot, without its labels.
    let plot: Area
    private let isBraille: Bool
    private let scale: ChartScale

    /// Columns of the labels left of the plot: five digits and an axis.
    static let labelColumns = 6

    init(_ status: LiveStatus, in area: Area, symbols: LiveScreen.Symbols) {
        history = status.history
        limit = Int(status.alarm.limitBeatsPerMinute)
        isBraille = symbols == .unicode
        plot = Area(
            column: area.column + Self.labelColumns, row: area.row,
            width: max(1, area.width - Self.labelColumns), height: max(1, area.height))
        let points = plot.width * (symbols == .unicode ? 2 : 1)
        // The limit is always seen, with what is near it.
        var lowest = max(0, limit - 15)
        var highest = limit + 15
        for index in 0..<points {
            guard let bucket = history.point(index, of: points) else { continue }
            lowest = min(lowest, Int(bucket.min))
            highest = max(highest, Int(bucket.max))
        }
        scale = ChartScale(
            showing: lowest...highest, rows: plot.height, dotsPerRow: symbols == .unicode ? 4 : 1)
    }

    private var points: Int { plot.width * (isBraille ? 2 : 1) }

    /// Nothing is drawn but the limit.
    var isEmpty: Bool {
        !(0..<points).contains { history.point($0, of: points) != nil }
    }

    /// Seconds that one column of the plot stands for.
    var secondsPerColumn: UInt64 {
        let buckets = UInt64(history.bucketsPerPoint(of: points) * (isBraille ? 2 : 1))
        let (seconds, overflow) = buckets.multipliedReportingOverflow(by: history.bucketSeconds)
        return overflow ? .max : seconds
    }

    func draw(on canvas: inout Canvas) {
        drawAxis(on: &canvas)
        drawLimit(on: &canvas)
        if isBraille { drawBraille(on: &canvas) } else { drawMarks(on: &canvas) }
    }

    /// The canvas row of a value.
    private func row(_ value: Int) -> Int { plot.bottom - 1 - scale.row(value) }

    private func drawAxis(on canvas: inout Canvas) {
        for row in plot.row..<plot.bottom { canvas.put("│", plot.column - 1, row, .dim) }
        for value in scale.labels(besides: limit) { label(value, on: &canvas, .dim) }
        label(limit, on: &canvas, .warning)
    }

    private func label(_ value: Int, on canvas: inout Canvas, _ style: Style) {
        let text = String(value).paddedLeft(to: Self.labelColumns - 2)
        canvas.put(text, plot.column - Self.labelColumns, row(value), style)
        canvas.put("┤", plot.column - 1, row(value), style)
    }

    /// A line of dots at the exact height of the limit, or of dashes.
    private func drawLimit(on canvas: inout Canvas) {
        for column in plot.column..<plot.end {
            if isBraille {
                canvas.put(Self.braille(limitBits), column, row(limit), .warning)
            } else if (column - plot.column) % 2 == 0 {
                canvas.put("-", column, row(limit), .warning)
            }
        }
    }

    /// The limit's dots in a cell of its row.
    private var limitBits: UInt8 { Self.bit(side: 0, dot: scale.dot(limit)) }

    /// The bit of a dot in its cell, in Unicode's braille patterns (from U+2800): bits 0-2 and 6
    /// are the left column from the top, bits 3-5 and 7 the right one.
    private static func bit(side: Int, dot: Int) -> UInt8 {
        let line = 3 - dot % 4
        return 1 << UInt8(line == 3 ? 6 + side : line + 3 * side)
    }

    private static func braille(_ bits: UInt8) -> Unicode.Scalar {
        Unicode.Scalar(0x2800 + UInt32(bits)) ?? "?"
    }

    /// The dot rows that a point covers, the row of its last value, and whether all its values
    /// are above the limit (which a row of dots is too coarse to say).
    private struct PointSpan {
        let dots: ClosedRange<Int>
        let last: Int
        let isHigh: Bool
    }

    /// The dots of a point: from its lowest to its highest value, and on to the
    /// end of the point before, so that a steep line stays one line.
    private func span(_ index: Int, after previous: Int?) -> PointSpan? {
        guard let bucket = history.point(index, of: points) else { return nil }
        var bottom = scale.dot(Int(bucket.min))
        var top = scale.dot(Int(bucket.max))
        if let previous {
            if previous < bottom - 1 { bottom = previous + 1 }
            if previous > top + 1 { top = previous - 1 }
        }
        return PointSpan(
            dots: bottom...max(bottom, top), last: scale.dot(Int(bucket.last)),
            isHigh: Int(bucket.min) > limit)
    }

    private func drawBraille(on canvas: inout Canvas) {
        var previous: Int?
        for column in 0..<plot.width {
            var cells = [UInt8](repeating: 0, count: plot.height)
            var isHigh = [Bool](repeating: false, count: plot.height)
            for side in 0..<2 {
                let span = span(column * 2 + side, after: previous)
                previous = span?.last
                guard let span else { continue }
                for dot in span.dots {
                    let cell = plot.height - 1 - dot / 4
                    cells[cell] |= Self.bit(side: side, dot: dot)
                    if span.isHigh || dot > scale.dot(limit) { isHigh[cell] = true }
                }
            }
            for (line, bits) in cells.enumerated() where bits != 0 {
                let isLimit = plot.row + line == row(limit)
                canvas.put(
                    Self.braille(isLimit ? bits | limitBits : bits), plot.column + column,
                    plot.row + line, isHigh[line] ? .alarm : .good)
            }
        }
    }

    private func drawMarks(on canvas: inout Canvas) {
        var previous: Int?
        for column in 0..<plot.width {
            let span = span(column, after: previous)
            previous = span?.last
            guard let span else { continue }
            for dot in span.dots {
                let isHigh = span.isHigh || dot > scale.dot(limit)
                canvas.put(
                    "*", plot.column + column, plot.bottom - 1 - dot, isHigh ? .alarm : .good)
            }
        }
    }
}
