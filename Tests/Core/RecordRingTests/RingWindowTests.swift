import RecordRing
import TestSupport
import Testing

/// The youngest records in memory.
struct RingWindowTests {
    private func slot(_ sequence: UInt64, of window: borrowing RingWindow) -> [UInt8] {
        [UInt8](copying: window.slot(of: sequence))
    }

    @Test func newWindowIsEmptyAtItsHead() {
        let window = RingWindow(capacity: 3, head: 41)
        let range = (window.start, window.end)
        #expect(range == (41, 41))
        let contained = (window.contains(40), window.contains(41))
        #expect(contained == (false, false))
    }

    @Test func fullWindowLetsItsOldestRecordGo() throws {
        var window = RingWindow(capacity: 3, head: 41)
        for sequence in UInt64(41)..<45 { window.append(try exampleRecord(sequence: sequence)) }
        let range = (window.start, window.end)
        #expect(range == (42, 45))
        let contained = (41...45).map { window.contains($0) }
        #expect(contained == [false, true, true, true, false])
    }

    @Test func recordsLieInTheWindowInSlotForm() throws {
        var random = SeededRandom()
        var window = RingWindow(capacity: 5, head: 1_000)
        var records: [Record] = []
        for step in 0..<40 {
            let record = try randomRecord(sequence: window.end, &random)
            window.append(record)
            records.append(record)
            for kept in records.suffix(5) {
                let bytes = slot(kept.sequence, of: window)
                #expect(decode(bytes) == .success(kept), "step \(step), seed \(random.seed)")
            }
        }
    }

    @Test func mistakesOfTheCallerAreNotSurvived() async {
        await #expect(processExitsWith: .failure) {
            var window = RingWindow(capacity: 3, head: 41)
            window.append(try exampleRecord(sequence: 42))
        }
        await #expect(processExitsWith: .failure) {
            let window = RingWindow(capacity: 3, head: 41)
            _ = window.slot(of: 41)
        }
    }
}
