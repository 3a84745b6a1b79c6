import Bytes
import RecordRing
import TestSupport
import Testing

/// What a gateway writes down of the time.
struct ClockNotesTests {
    private func text(_ notes: ClockNotes) -> String {
        var text = FixedBuffer(capacity: ClockNotes.fileBytesMax)
        notes.encode(into: &text)
        let isWhole = !text.overflowed
        #expect(isWhole)
        return String(decoding: [UInt8](copying: text.bytes), as: UTF8.self)
    }

    private func read(_ text: String) -> ClockNotes? {
        ClockNotes(decoding: Array(text.utf8).span)
    }

    private func boot(_ number: UInt64, _ offset: Int64) -> BootTime {
        BootTime(boot: BootID(high: number, low: ~number), offsetMicroseconds: offset)
    }

    @Test func notesAreReadAsTheyWereWritten() {
        var notes = ClockNotes(floorMicroseconds: 1_795_219_200_000_000)
        notes.note(boot(0x0123_4567_89AB_CDEF, 1_795_219_100_000_000))
        #expect(
            text(notes) == """
                # The latest time that is certain to have passed, and when boots began.
                time 1795219200000000
                boot 0123456789abcdeffedcba9876543210 1795219100000000

                """)
        #expect(read(text(notes)) == notes)
        #expect(notes.offset(of: BootID(high: 1, low: 2)) == nil)
    }

    @Test func ninthBootTakesThePlaceOfTheOldest() {
        var notes = ClockNotes(floorMicroseconds: .max / 100_000)
        for number in 0..<9 { notes.note(boot(UInt64(number), 99_999_999_999_999_999)) }
        notes.note(boot(5, 7))
        #expect(notes.boots.map(\.boot.high) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(notes.offset(of: boot(5, 0).boot) == 7)
        #expect(read(text(notes)) == notes)
    }

    @Test(arguments: [
        "", "time 5", "time \n", "time -5\n", "time 5x\n", "# nothing\n", "date 5\n",
        "time 999999999999999999\n", "time 5\nboot 0123 5\n", "time 5\nboot 5\n",
        "time 5\nboot 0123456789abcdeffedcba987654321g 5\n",
        "time 5\nboot 0123456789abcdeffedcba98765432105\n",
        "time 5\nboot 0123456789abcdeffedcba9876543210 \n",
        "time 5\nboot 01234567  abcdeffedcba9876543210 5\n",
    ])
    func whatIsNoNotesIsNotRead(_ text: String) { #expect(read(text) == nil) }

    /// A file that a power cut has damaged makes nothing trap, and no time that was not written.
    @Test func damagedNotesNeverTrap() {
        var random = SeededRandom(test: "damagedNotesNeverTrap")
        var notes = ClockNotes(floorMicroseconds: 1_795_219_200_000_000)
        for number in 0..<8 { notes.note(boot(UInt64(number), 1_795_219_200_000_000)) }
        let whole = Array(text(notes).utf8)
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[place] = .random(in: 0...255, using: &random)
                case 1: bytes.remove(at: place)
                default: bytes.removeSubrange(place...)
                }
                if bytes.isEmpty { break }
            }
            guard let read = ClockNotes(decoding: bytes.span) else { continue }
            #expect(read.boots.count <= ClockNotes.bootsMax, "seed \(random.seed)")
        }
    }
}
