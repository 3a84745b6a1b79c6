/// The ring and where its records go, for both layouts.
struct SinkTable {
    let status: LiveStatus

    /// A sink's state in words and its colour.
    static func state(of sink: LiveSink) -> (text: String, style: Style) {
        switch sink.state {
        case .ok: ("ok", .good)
        case .retrying(let seconds, let reason):
            ("retry in \(LiveText.shortAge(seconds)): \(reason)", .warning)
        case .failed(let reason): ("FAILED: \(reason)", .alarm)
        }
    }

    /// Draws the frame, the ring's line, the table's head and one row for each sink; sinks that
    /// find no room are counted in the last row.
    func draw(on canvas: inout Canvas, in area: Area) {
        canvas.box(area, title: "records", note: "\(LiveText.grouped(status.ring.stored)) stored")
        let inside = area.inside
        drawRing(on: &canvas, inside.column + 1, inside.row, width: inside.width - 2)
        let columns = Columns(left: inside.column + 1, width: inside.width - 2)
        columns.drawHead(on: &canvas, inside.row + 1)
        drawSinks(on: &canvas, from: inside.row + 2, to: inside.bottom) { sink, canvas, row in
            columns.draw(sink, on: &canvas, row)
        }
    }

    /// Draws sinks in the rows from `first` up to `end`.
    func drawSinks(
        on canvas: inout Canvas, from first: Int, to end: Int,
        _ draw: (LiveSink, inout Canvas, Int) -> Void
    ) {
        let room = max(0, end - first)
        if status.sinks.isEmpty, room > 0 { canvas.put("no sink", 2, first, .dim) }
        let shown = status.sinks.count <= room ? status.sinks.count : max(0, room - 1)
        for (offset, sink) in status.sinks.prefix(shown).enumerated() {
            draw(sink, &canvas, first + offset)
        }
        guard shown < status.sinks.count, room > 0 else { return }
        let hidden = status.sinks.dropFirst(shown)
        let bad = hidden.count { $0.state != .ok }
        let words = bad == 0 ? "all ok" : "\(bad) not ok"
        canvas.put(
            "… \(LiveText.plural(UInt64(hidden.count), "more sink")): \(words)", 2, end - 1,
            bad == 0 ? .dim : .warning)
    }

    /// How full the ring is, as a bar and in figures.
    func drawRing(on canvas: inout Canvas, _ column: Int, _ row: Int, width: Int) {
        let ring = status.ring
        let end = column + width
        var next = canvas.put("ring ", column, row, .dim)
        if ring.capacity > 0, width >= 60 {
            next = drawBar(on: &canvas, next, row, cells: 20) + 2
        }
        let used = LiveText.count(ring.used, width: 13)
        let of = ring.capacity > 0 ? " of \(LiveText.count(ring.capacity, width: 13))" : ""
        next = canvas.put(used + of, next, row, .plain, width: max(0, end - next)) + 2
        var unsynced = "\(LiveText.count(ring.unsynced, width: 9)) not synced"
        var style: Style = ring.unsynced > 0 ? .plain : .dim
        if !ring.trouble.isEmpty {
            // The reason as far as there is room for it: the figure goes first.
            unsynced = "fails, \(unsynced): \(ring.trouble)".clipped(to: max(0, end - next))
            style = .warning
        }
        canvas.put(unsynced, endingAt: end, notBefore: next, row, style)
    }

    /// The share of the ring that is used, in eighths of a cell; a ring that holds anything
    /// shows at least one. Answers the column behind the bar.
    private func drawBar(on canvas: inout Canvas, _ column: Int, _ row: Int, cells: Int) -> Int {
        let share = min(1, Double(status.ring.used) / Double(status.ring.capacity))
        let eighths = max(status.ring.used > 0 ? 1 : 0, Int(share * Double(cells * 8)))
        let parts: [Unicode.Scalar] = ["░", "▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"]
        for cell in 0..<cells {
            let part = min(8, max(0, eighths - cell * 8))
            canvas.put(parts[part], column + cell, row, part > 0 ? .accent : .dim)
        }
        return column + cells
    }
}

/// The columns of the table: figures keep their place, names and states share what is left.
private struct Columns {
    let left: Int
    let width: Int

    private static let figure = 10
    private static let age = 8
    /// Names and types grow with the terminal.
    private var name: Int { min(24, 12 + (width - 76) / 6) }
    private var type: Int { width >= 106 ? 12 : 0 }
    private var figures: Int { left + name + type }
    private var state: Int { figures + 3 * Self.figure + Self.age + 2 }

    func drawHead(on canvas: inout Canvas, _ row: Int) {
        canvas.put("sink", left, row, .dim)
        if type > 0 { canvas.put("type", left + name, row, .dim) }
        for (index, word) in ["delivered", "waiting", "lost"].enumerated() {
            canvas.put(
                word.paddedLeft(to: Self.figure), figures + index * Self.figure, row, .dim)
        }
        canvas.put("oldest".paddedLeft(to: Self.age), state - 2 - Self.age, row, .dim)
        canvas.put("state", state, row, .dim)
    }

    func draw(_ sink: LiveSink, on canvas: inout Canvas, _ row: Int) {
        canvas.put(sink.name, left, row, .strong, width: name - 1)
        if type > 0 { canvas.put(sink.type, left + name, row, .dim, width: type - 1) }
        for (index, value) in [sink.delivered, sink.waiting, sink.lost].enumerated() {
            let text = LiveText.count(value, width: Self.figure - 1)
            canvas.put(
                text.paddedLeft(to: Self.figure), figures + index * Self.figure, row,
                index == 2 && value > 0 ? .alarm : .plain)
        }
        let age = sink.oldestWaitingSeconds.map(LiveText.shortAge) ?? "-"
        canvas.put(age.paddedLeft(to: Self.age), state - 2 - Self.age, row, .plain)
        let words = SinkTable.state(of: sink)
        let next = canvas.put("● ", state, row, words.style)
        canvas.put(words.text, next, row, words.style, width: max(0, left + width - next))
    }
}
