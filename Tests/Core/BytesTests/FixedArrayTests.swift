import Bytes
import TestSupport
import Testing

/// The list with a fixed capacity.
struct FixedArrayTests {
    private func elements(_ list: borrowing FixedArray<Int>) -> [Int] {
        var elements: [Int] = []
        for index in 0..<list.count { elements.append(list[index]) }
        return elements
    }

    private func list(_ elements: [Int], capacity: Int) -> FixedArray<Int> {
        var list = FixedArray<Int>(capacity: capacity)
        for element in elements { list.append(element) }
        return list
    }

    @Test func listIsEmptyThenFull() {
        var list = FixedArray<Int>(capacity: 2)
        var states: [[Bool]] = [[list.isEmpty, list.isFull]]
        for element in 1...2 {
            list.append(element)
            states.append([list.isEmpty, list.isFull])
        }
        #expect(states == [[true, false], [false, false], [false, true]])
    }

    @Test func elementIsReplacedInPlace() {
        var three = list([1, 2, 3], capacity: 3)
        three[1] = 20
        #expect(elements(three) == [1, 20, 3])
    }

    @Test func frontIsRemovedAndTheRestMovesUp() {
        var five = list([1, 2, 3, 4, 5], capacity: 5)
        five.removeFirst(2)
        #expect(elements(five) == [3, 4, 5])
        five.append(6)
        five.removeFirst(0)
        #expect(elements(five) == [3, 4, 5, 6])
        five.removeFirst(4)
        #expect(elements(five) == [])
    }

    @Test func listIsCut() {
        var three = list([1, 2, 3], capacity: 3)
        three.truncate(to: 1)
        #expect(elements(three) == [1])
        three.removeAll()
        #expect(elements(three) == [])
    }

    @Test func randomOperationsAgreeWithAnArray() {
        var random = SeededRandom()
        var list = FixedArray<Int>(capacity: 9)
        var model: [Int] = []
        for step in 0..<20_000 {
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                let length = Int.random(in: 0...model.count, using: &random)
                list.removeFirst(length)
                model.removeFirst(length)
            case 1:
                let length = Int.random(in: 0...model.count, using: &random)
                list.truncate(to: length)
                model = [Int](model.prefix(length))
            default:
                if list.isFull { continue }
                list.append(step)
                model.append(step)
            }
            if elements(list) != model {
                Issue.record("differs from the model at step \(step), seed \(random.seed)")
                return
            }
        }
    }

    @Test func mistakesOfTheCallerAreNotSurvived() async {
        await #expect(processExitsWith: .failure) { _ = FixedArray<Int>(capacity: 0) }
        await #expect(processExitsWith: .failure) {
            var list = FixedArray<Int>(capacity: 1)
            list.append(1)
            list.append(2)
        }
        await #expect(processExitsWith: .failure) {
            let list = FixedArray<Int>(capacity: 1)
            _ = list[0]
        }
        await #expect(processExitsWith: .failure) {
            var list = FixedArray<Int>(capacity: 1)
            list.removeFirst(1)
        }
        await #expect(processExitsWith: .failure) {
            var list = FixedArray<Int>(capacity: 1)
            list.truncate(to: 1)
        }
    }
}
