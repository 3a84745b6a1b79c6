/// The page of an ordinary terminal: heart rate and alarm on top, the chart, the records, and
/// the latencies in the last line or, on a wide terminal, in a panel of their own.
struct WideLayout {
    static let columnsMin = 72
    static let rowsMin = 20

    private let status: LiveStatus
    private let heart: Area
    private let alarm: Area
    /// nil: the latencies stand in the last line.
    private let latency: Area?
    private let chart: Area
    private let records: Area

    init(status: LiveStatus, canvas: Canvas) {
        self.status = status
        let columns = canvas.columns
        let topHeight = canvas.rows >= 30 ? 10 : 8
        heart = Area(column: 0, row: 1, width: 30, height: topHeight)
        let latencyWidth = columns >= 100 ? 34 : 0
        alarm = Area(
            column: heart.end, row: 1, width: columns - heart.width - latencyWidth,
            height: topHeight)
        latency =
            latencyWidth > 0
            ? Area(column: alarm.end, row: 1, width: latencyWidth, height: topHeight) : nil
        let rest = canvas.rows - 2 - topHeight
        // Frame, ring, head and sinks; the chart keeps five rows.
        let recordsHeight = min(4 + max(1, status.sinks.count), rest - 5)
        chart = Area(
            column: 0, row: heart.bottom, width: columns, height: rest - recordsHeight)
        records = Area(column: 0, row: chart.bottom, width: columns, height: recordsHeight)
    }

    func draw(on canvas: inout Canvas) {
        let panel = HeartRatePanel(status: status)
        canvas.header(status)
        panel.draw(on: &canvas, in: heart)
        panel.drawAlarm(on: &canvas, in: alarm)
        canvas.chart(status, in: chart)
        SinkTable(status: status).draw(on: &canvas, in: records)
        if let latency { Latencies(status: status).draw(on: &canvas, in: latency) }
        drawLastLine(on: &canvas)
    }

    /// The latencies, unless they have a panel, and what the reader can do.
    private func drawLastLine(on canvas: inout Canvas) {
        let row = canvas.rows - 1
        let hintColumns = status.hint.unicodeScalars.count
        let isHinted = hintColumns <= canvas.columns / 4
        if latency == nil {
            let width = canvas.columns - (isHinted ? hintColumns + 3 : 2)
            canvas.put(Latencies(status: status).line, 1, row, .dim, width: width)
        }
        if isHinted { canvas.put(status.hint, canvas.columns - 1 - hintColumns, row, .dim) }
    }
}

/// The page of a small terminal: no frames but the chart's, one line for each sink.
struct NarrowLayout {
    let status: LiveStatus

    func draw(on canvas: inout Canvas) {
        canvas.header(status)
        drawHeartRate(on: &canvas, row: 1)
        let table = SinkTable(status: status)
        table.drawRing(on: &canvas, 1, 6, width: canvas.columns - 2)
        let sinks = SmallColumns(columns: canvas.columns)
        sinks.drawHead(on: &canvas, 7)
        let rest = canvas.rows - 8
        // Sinks first, then a chart of at least five rows if there is room for it.
        let sinkRows = max(0, min(max(1, status.sinks.count), rest))
        let chartRows = rest - sinkRows
        table.drawSinks(on: &canvas, from: 8, to: 8 + sinkRows) { sink, canvas, row in
            sinks.draw(sink, on: &canvas, row)
        }
        guard chartRows >= 5 else { return }
        let area = Area(column: 0, row: 8 + sinkRows, width: canvas.columns, height: chartRows)
        canvas.chart(status, in: area)
    }

    /// Digits at the left, five lines of words at the right.
    private func drawHeartRate(on canvas: inout Canvas, row: Int) {
        let panel = HeartRatePanel(status: status)
        BlockDigits.draw(panel.digits, on: &canvas, 1, row, panel.style)
        let left = BlockDigits.columns + 3
        let width = max(0, canvas.columns - left)
        let next = canvas.put(panel.badge.text, left, row, panel.badge.style, width: width)
        let isWide = canvas.columns >= left + 34
        if isWide { canvas.put(panel.timing, next + 1, row, .strong) }
        let alarm = status.alarm
        let limit =
            isWide ? panel.limit : panel.isRaised ? panel.timing : ">\(alarm.limitBeatsPerMinute)"
        canvas.put(limit, left, row + 1, .plain, width: width)
        canvas.put(LiveText.plural(alarm.count, "alarm"), left, row + 2, .plain, width: width)
        if let reason = panel.reason {
            canvas.put(reason, left, row + 3, .warning, width: width)
        } else {
            canvas.put(panel.contact ?? "", left, row + 3, .plain, width: width)
        }
        canvas.put(panel.interval ?? "", left, row + 4, .dim, width: width)
    }
}

/// The table of sinks on a small terminal: `● kinesis   1,234     4     0  retry in 3 s: ...`
private struct SmallColumns {
    let columns: Int

    private static let figure = 6
    private var name: Int { columns >= 56 ? 14 : 9 }
    private var figures: Int { 3 + name }
    private var state: Int { figures + 3 * Self.figure + 2 }

    func drawHead(on canvas: inout Canvas, _ row: Int) {
        canvas.put("sink", 3, row, .dim)
        for (index, word) in ["sent", "wait", "lost"].enumerated() {
            canvas.put(word.paddedLeft(to: Self.figure), figures + index * Self.figure, row, .dim)
        }
        canvas.put("state", state, row, .dim)
    }

    func draw(_ sink: LiveSink, on canvas: inout Canvas, _ row: Int) {
        let words = SinkTable.state(of: sink)
        canvas.put("●", 1, row, words.style)
        canvas.put(sink.name, 3, row, .strong, width: name - 1)
        for (index, value) in [sink.delivered, sink.waiting, sink.lost].enumerated() {
            let text = LiveText.count(value, width: Self.figure - 1)
            canvas.put(
                text.paddedLeft(to: Self.figure), figures + index * Self.figure, row,
                index == 2 && value > 0 ? .alarm : .plain)
        }
        canvas.put(words.text, state, row, words.style, width: max(0, columns - state - 1))
    }
}

extension Canvas {
    /// The framed chart with its time axis; a word where it is empty.
    mutating func chart(_ status: LiveStatus, in area: Area) {
        box(area, title: "beats per minute", note: "limit \(status.alarm.limitBeatsPerMinute)")
        var inside = area.inside
        inside.width -= 1
        guard inside.width > Chart.labelColumns, inside.height > 0 else { return }
        let chart = Chart(status, in: inside, symbols: symbols)
        chart.draw(on: &self)
        timeAxis(chart, row: area.bottom - 1)
        guard chart.isEmpty else { return }
        let words = " no heart rate yet "
        put(
            words, chart.plot.column + (chart.plot.width - words.utf8.count) / 2,
            chart.plot.row + chart.plot.height / 2, .dim, width: chart.plot.width)
    }
}

/// Both latencies, as a panel or in a line.
struct Latencies {
    let status: LiveStatus

    private var rows: [(name: String, value: LiveLatency?)] {
        [("alarm", status.alarmLatency), ("durable", status.durableLatency)]
    }

    /// `alarm p50 42 µs p99 180 µs · durable p50 1.2 ms p99 8.4 ms`
    var line: String {
        guard status.alarmLatency != nil || status.durableLatency != nil else { return "" }
        let parts = rows.map { row in
            guard let value = row.value else { return "\(row.name) -" }
            let p50 = LiveText.latency(value.p50Microseconds)
            return "\(row.name) p50 \(p50) p99 \(LiveText.latency(value.p99Microseconds))"
        }
        return parts.joined(separator: " · ")
    }

    func draw(on canvas: inout Canvas, in area: Area) {
        canvas.box(area, title: "latency", note: "from arrival")
        let inside = area.inside
        let left = inside.column + 1
        for (index, word) in ["p50", "p99", "max"].enumerated() {
            canvas.put(word.paddedLeft(to: 7), left + 7 + index * 8, inside.row, .dim)
        }
        for (index, row) in rows.enumerated() {
            let line = inside.row + 1 + index
            canvas.put(row.name, left, line, .plain)
            let value = row.value
            let figures = [
                value?.p50Microseconds, value?.p99Microseconds, value?.maxMicroseconds,
            ]
            for (column, figure) in figures.enumerated() {
                let text = figure.map(LiveText.latency) ?? "-"
                canvas.put(text.paddedLeft(to: 7), left + 7 + column * 8, line, .strong)
            }
        }
        guard inside.height >= 6 else { return }
        canvas.put("alarm: decided and handed on", left, inside.row + 4, .dim)
        canvas.put("durable: synced or delivered", left, inside.row + 5, .dim)
    }
}
