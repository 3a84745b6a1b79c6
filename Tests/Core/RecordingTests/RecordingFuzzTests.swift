import TestSupport
import Testing

@testable import Recording

/// Bytes from outside never trap: the file may be anything.
@Suite struct RecordingFuzzTests {
    @Test func randomBytesNeverTrap() {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let bytes = random.bytes(Int.random(in: 0...200, using: &random))
            read(bytes)
        }
    }

    @Test func aDamagedRecordingNeverTrapsAndTimesNeverGoBack() throws {
        var random = SeededRandom()
        let whole = [UInt8](
            "seconds,beats_per_minute\n0,72\n1.25,74\r\n# pause\n30,\n31,151\n32,152\n".utf8)
        for _ in 0..<5_000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0...2, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                default: bytes.insert(bytes[index], at: index)
                }
            }
            let times = read(bytes)
            #expect(times == times.sorted())
        }
    }

    /// The times of all rows before the end or the first error.
    @discardableResult
    private func read(_ bytes: [UInt8]) -> [Int64] {
        var player = RecordingPlayer()
        var times: [Int64] = []
        do throws(RecordingError) {
            while let row = try player.next(in: bytes.span) { times.append(row.timeNanoseconds) }
        } catch {
            #expect(error.line >= 1 && error.value.utf8.count <= 40)
        }
        return times
    }
}
