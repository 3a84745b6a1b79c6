public import Bytes

extension FixedBuffer {
    /// Appends one frame of the live view: the whole page, from the upper left corner. A buffer
    /// of `LiveScreen.bytesPerFrameMax` bytes holds any.
    public mutating func append(frame status: LiveStatus, screen: LiveScreen) {
        var canvas = Canvas(screen: screen)
        if canvas.columns >= WideLayout.columnsMin, canvas.rows >= WideLayout.rowsMin {
            WideLayout(status: status, canvas: canvas).draw(on: &canvas)
        } else {
            NarrowLayout(status: status).draw(on: &canvas)
        }
        canvas.write(to: &self)
    }
}

extension Canvas {
    /// A frame with round corners, a title at the left and a note at the right of its upper
    /// edge.
    mutating func box(_ area: Area, title: String, note: String = "", style: Style = .dim) {
        guard area.width >= 2, area.height >= 2 else { return }
        for column in area.column + 1..<area.end - 1 {
            put("─", column, area.row, style)
            put("─", column, area.bottom - 1, style)
        }
        for row in area.row + 1..<area.bottom - 1 {
            put("│", area.column, row, style)
            put("│", area.end - 1, row, style)
        }
        put("╭", area.column, area.row, style)
        put("╮", area.end - 1, area.row, style)
        put("╰", area.column, area.bottom - 1, style)
        put("╯", area.end - 1, area.bottom - 1, style)
        let behind = put(" \(title) ", area.column + 2, area.row, .strong, width: area.width - 4)
        guard !note.isEmpty else { return }
        put(
            " \(note) ", endingAt: area.end - 2, notBefore: behind + 1, area.row,
            style == .dim ? .plain : style)
    }

    /// The first line: who is shown, what is played, how long.
    mutating func header(_ status: LiveStatus) {
        let clock = LiveText.clock(status.elapsedSeconds)
        let badge = put(" PULSEGATE ", 0, 0, .brandBadge)
        let names = [status.device, status.sensor].filter { !$0.isEmpty }
            .joined(separator: " · ")
        let room = columns - badge - 2
        // What finds no room goes first: the recording, then the speed, then half a name.
        let choices = [[status.recording, clock, status.speed], [clock, status.speed], [clock]]
            .map { $0.filter { !$0.isEmpty }.joined(separator: "  ") }
        let right =
            choices.first { names.unicodeScalars.count + 2 + $0.unicodeScalars.count <= room }
            ?? clock
        put(names, badge + 1, 0, .plain, width: max(0, room - right.unicodeScalars.count - 2))
        put(right, endingAt: columns - 1, notBefore: badge + 1, 0, .accent)
    }

    /// The time axis, drawn into the lower edge of the chart's frame: ages at round times.
    mutating func timeAxis(_ chart: Chart, row: Int) {
        let perColumn = chart.secondsPerColumn
        let steps: [UInt64] = [
            15, 30, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600, 86_400,
        ]
        put(" now ", endingAt: chart.plot.end + 1, notBefore: chart.plot.column, row, .dim)
        guard let step = steps.first(where: { $0 / perColumn >= 13 }) else { return }
        var age = step
        while age / perColumn < UInt64(chart.plot.width) {
            let column = chart.plot.end - 1 - Int(age / perColumn)
            let text = "-\(LiveText.roundAge(age))"
            put(
                " \(text) ", endingAt: column + (text.unicodeScalars.count + 3) / 2,
                notBefore: chart.plot.column - 1, row, .dim)
            age += step
        }
    }
}
