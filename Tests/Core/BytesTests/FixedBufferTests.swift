import Bytes
import TestSupport
import Testing

/// What a buffer holds and says, as values that a test can compare.
struct BufferState: Equatable {
    var bytes: [UInt8]
    var overflowed: Bool
    var room: Int

    init(_ buffer: borrowing FixedBuffer) {
        bytes = [UInt8](copying: buffer.bytes)
        overflowed = buffer.overflowed
        room = buffer.room
    }

    init(_ text: String, overflowed: Bool = false, room: Int) {
        bytes = [UInt8](text.utf8)
        self.overflowed = overflowed
        self.room = room
    }
}

/// Appends, overflow, and taking back.
struct FixedBufferTests {
    @Test func newBufferIsEmptyAndHasItsWholeCapacity() {
        let buffer = FixedBuffer(capacity: 3)
        #expect(BufferState(buffer) == BufferState("", room: 3))
    }

    @Test func bufferIsFilledToTheLastByte() {
        var buffer = FixedBuffer(capacity: 3)
        buffer.append("ab")
        buffer.append(UInt8(ascii: "c"))
        #expect(BufferState(buffer) == BufferState("abc", room: 0))
    }

    @Test func everyKindOfAppendThatDoesNotFitWritesNothingAndSaysSo() {
        let appends: [(inout FixedBuffer) -> Void] = [
            { $0.append("xyz") },
            { $0.append([1, 2, 3].span) },
            { $0.append(text: "xyz") },
            { $0.append(base64: [1].span) },
        ]
        for append in appends {
            var buffer = FixedBuffer(capacity: 4)
            buffer.append("ab")
            append(&buffer)
            #expect(BufferState(buffer) == BufferState("ab", overflowed: true, room: 2))
        }
    }

    @Test func byteThatDoesNotFitIsNotWritten() {
        var buffer = FixedBuffer(capacity: 2)
        buffer.append("ab")
        buffer.append(UInt8(ascii: "c"))
        #expect(BufferState(buffer) == BufferState("ab", overflowed: true, room: 0))
    }

    @Test func appendThatFitsDoesNotForgetTheOverflowBeforeIt() {
        var buffer = FixedBuffer(capacity: 4)
        buffer.append("abcde")
        buffer.append("ab")
        #expect(BufferState(buffer) == BufferState("ab", overflowed: true, room: 2))
    }

    @Test func truncateTakesAHalfWrittenItemBackAndForgetsTheOverflow() {
        var buffer = FixedBuffer(capacity: 4)
        buffer.append("ab")
        let mark = buffer.count
        buffer.append("c")
        buffer.append("def")
        buffer.truncate(to: mark)
        #expect(BufferState(buffer) == BufferState("ab", room: 2))
        buffer.append("yz")
        #expect(BufferState(buffer) == BufferState("abyz", room: 0))
    }

    @Test func removeAllForgetsTheOverflow() {
        var buffer = FixedBuffer(capacity: 1)
        buffer.append("ab")
        buffer.removeAll()
        #expect(BufferState(buffer) == BufferState("", room: 1))
    }

    @Test func resizedBufferHasZerosBehindWhatItHad() {
        var buffer = FixedBuffer(capacity: 4)
        buffer.append("abcd")
        buffer.resize(to: 1)
        buffer.resize(to: 3)
        #expect(BufferState(buffer) == BufferState("a\0\0", room: 1))
    }

    @Test func bytesAreChangedInPlace() {
        var buffer = FixedBuffer(capacity: 4)
        buffer.append("abcd")
        var middle = buffer.mutableBytes(in: 1..<3)
        middle[0] = UInt8(ascii: "X")
        middle[1] = UInt8(ascii: "Y")
        #expect(BufferState(buffer) == BufferState("aXYd", room: 0))
    }

    @Test func fillIsOfferedWhatItAskedForOrWhatIsLeft() {
        var buffer = FixedBuffer(capacity: 5)
        var offers: [Int] = []
        for _ in 0..<3 {
            unsafe buffer.appendBytes(atMost: 3) { target in
                offers.append(target.count)
                for index in target.indices { unsafe target[index] = UInt8(ascii: "z") }
                return target.count
            }
        }
        #expect(offers == [3, 2, 0])
        #expect(BufferState(buffer) == BufferState("zzzzz", room: 0))
    }

    @Test func fillCountsOnlyWhatItWrote() {
        var buffer = FixedBuffer(capacity: 5)
        unsafe buffer.appendBytes(atMost: 5) { target in
            unsafe target[0] = UInt8(ascii: "z")
            return 1
        }
        #expect(BufferState(buffer) == BufferState("z", room: 4))
    }

    @Test func failingFillAppendsNothing() {
        struct Failure: Error {}
        var buffer = FixedBuffer(capacity: 5)
        do throws(Failure) {
            try unsafe buffer.appendBytes(atMost: 5) { _ throws(Failure) in throw Failure() }
            Issue.record("the fill failed")
        } catch {
            #expect(BufferState(buffer) == BufferState("", room: 5))
        }
    }

    @Test func textIsAppendedAsUTF8() {
        #expect(appended { $0.append(text: "♥") } == [0xE2, 0x99, 0xA5])
        #expect(appended { $0.append("♥") } == [0xE2, 0x99, 0xA5])
        #expect(appended { $0.append(text: "") } == [])
    }

    @Test func textIsReadBackWithReplacementsForWhatIsNotUTF8() {
        #expect(String(decoding: [0x41, 0xE2, 0x99, 0xA5].span) == "A♥")
        #expect(String(decoding: [0x41, 0xFF].span) == "A\u{FFFD}")
    }

    @Test func randomAppendsAgreeWithAnArray() {
        var random = SeededRandom()
        for _ in 0..<2_000 {
            let capacity = Int.random(in: 1...64, using: &random)
            var buffer = FixedBuffer(capacity: capacity)
            var model: [UInt8] = []
            var overflowed = false
            for _ in 0..<12 {
                let more = random.bytes(Int.random(in: 0...16, using: &random))
                let fits = model.count + more.count <= capacity
                buffer.append(more.span)
                if fits { model += more } else { overflowed = true }
            }
            let same =
                [UInt8](copying: buffer.bytes) == model && buffer.overflowed == overflowed
                && buffer.room == capacity - model.count
            if !same { Issue.record("differs from the model, seed \(random.seed)") }
        }
    }

    @Test func mistakesOfTheCallerAreNotSurvived() async {
        await #expect(processExitsWith: .failure) { _ = FixedBuffer(capacity: 0) }
        await #expect(processExitsWith: .failure) {
            var buffer = FixedBuffer(capacity: 4)
            buffer.truncate(to: 1)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = FixedBuffer(capacity: 4)
            buffer.resize(to: 5)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = FixedBuffer(capacity: 4)
            _ = buffer.mutableBytes(in: 0..<1)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = FixedBuffer(capacity: 4)
            unsafe buffer.appendBytes(atMost: 4) { _ in 5 }
        }
    }
}
