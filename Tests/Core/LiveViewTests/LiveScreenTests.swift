import Bytes
import LiveView
import Testing

/// What holds for every frame, whatever the terminal and the values.
@Suite struct LiveScreenTests {
    @Test func noRowIsWiderThanItsTerminal() {
        // Every width and every height, each with the sizes at which the layout changes.
        var sizes: [(columns: Int, rows: Int)] = []
        for columns in 40...200 { sizes += [12, 20, 30, 60].map { (columns, $0) } }
        for rows in 12...60 { sizes += [40, 72, 100, 106, 200].map { ($0, rows) } }
        for (columns, rows) in sizes {
            let page = Page(Samples.extreme, LiveScreen(columns: columns, rows: rows))
            #expect(page.faults.isEmpty, "\(columns) x \(rows)")
            #expect(page.width <= columns, "\(columns) x \(rows)")
            #expect(page.rows.count == rows, "\(columns) x \(rows)")
        }
    }

    @Test(arguments: [(1, 1), (0, 0), (-5, -5), (3, 60), (200, 2), (39, 11), (71, 24), (72, 19)])
    func tinyTerminalIsFilledAsFarAsItGoes(columns: Int, rows: Int) {
        for status in Samples.all {
            for symbols in [LiveScreen.Symbols.unicode, .ascii] {
                let page = Page(
                    status, LiveScreen(columns: columns, rows: rows, symbols: symbols))
                #expect(page.faults.isEmpty)
                #expect(page.width <= max(1, columns))
                #expect(page.rows.count == max(1, rows))
            }
        }
    }

    @Test func hugeTerminalIsUsedUpToTheLargestFrame() {
        let page = Page(Samples.extreme, LiveScreen(columns: .max, rows: .max))
        #expect(page.faults.isEmpty)
        #expect(page.width == LiveScreen.columnsMax)
        #expect(page.rows.count == LiveScreen.rowsMax)
    }

    @Test func coloursAreAnAdditionOnly() {
        for status in Samples.all {
            let plain = Page(status, LiveScreen(isColored: false))
            let colored = Page(status, LiveScreen())
            #expect(plain.colours.isEmpty)
            #expect(!colored.colours.isEmpty)
            #expect(plain.rows == colored.rows.map(withoutBlanksAtItsEnd))
        }
    }

    @Test func raisedAlarmIsWhiteOnRed() {
        #expect(Page(Samples.raised, LiveScreen()).colours.contains("0;97;41"))
        #expect(!Page(Samples.normal, LiveScreen()).colours.contains("0;97;41"))
    }

    @Test func asciiFrameHasNothingElse() {
        for status in Samples.all {
            for (columns, rows) in [(80, 24), (100, 30), (40, 12)] {
                let page = Page(
                    status, LiveScreen(columns: columns, rows: rows, symbols: .ascii))
                #expect(page.rows.allSatisfy { $0.utf8.allSatisfy { $0 < 0x7F } })
            }
        }
    }

    @Test func aFullRowIsNotFollowedByAnErase() {
        // The box of the records fills its row; the last line does not.
        var buffer = FixedBuffer(capacity: LiveScreen.bytesPerFrameMax)
        buffer.append(frame: Samples.normal, screen: LiveScreen(isColored: false))
        let rows = String(decoding: buffer.bytes).split(separator: "\r\n")
        #expect(rows[1].hasSuffix("─╮"))
        #expect(rows.first?.hasSuffix("×10\u{1B}[K") == true)
        #expect(rows.last?.hasSuffix("ends\u{1B}[J") == true)
    }

    @Test func aBufferThatIsTooSmallSaysSo() {
        var buffer = FixedBuffer(capacity: 100)
        buffer.append(frame: Samples.normal, screen: LiveScreen())
        let overflowed = buffer.overflowed
        #expect(overflowed)
    }

    private func withoutBlanksAtItsEnd(_ row: String) -> String {
        var row = row
        while row.last == " " { row.removeLast() }
        return row
    }
}
