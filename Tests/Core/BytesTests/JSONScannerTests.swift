import Bytes
import TestSupport
import Testing

/// The scanner against the grammar of RFC 8259.
struct JSONScannerTests {
    @Test(arguments: JSONTable.valid)
    func validTextIsRead(_ text: String, _ count: Int) {
        #expect(tokens(text) == .success(count))
    }

    @Test(arguments: JSONTable.invalid)
    func invalidTextIsRefusedWhereItIsWrong(_ known: JSONTable.Invalid) {
        guard case .failure(let error) = tokens(known.text) else {
            Issue.record("accepted \(known.text)")
            return
        }
        #expect(error.reason == known.reason)
        #expect(error.offset == known.offset)
    }

    @Test func everyTokenSaysWhereItsTextLies() throws {
        let text = [UInt8](#"{"a":[-1.5e3,"x\n"],"b":true,"c":null,"":false}"#.utf8)
        var scanner = JSONScanner(text.span)
        var read: [JSONToken] = []
        repeat { read.append(try scanner.next()) } while read.last != .end
        #expect(
            read == [
                .beginObject, .key(2..<3), .beginArray, .number(6..<12), .string(14..<17),
                .endArray, .key(21..<22), .boolean(true), .key(30..<31), .null, .key(39..<39),
                .boolean(false), .endObject, .end,
            ])
    }

    @Test func endIsAnsweredForEver() throws {
        let text = [UInt8]("1".utf8)
        var scanner = JSONScanner(text.span)
        var read: [JSONToken] = []
        for _ in 0..<4 { read.append(try scanner.next()) }
        #expect(read == [.number(0..<1), .end, .end, .end])
    }

    @Test func nestingEndsAt64Levels() {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let deep = String(repeating: open, count: 64)
            let deeper = String(repeating: open, count: 65)
            let inner = open == "[" ? "" : "1"
            let perLevel = open == "[" ? 2 : 3
            let whole = deep + inner + String(repeating: close, count: 64)
            #expect(tokens(whole) == .success(64 * perLevel + inner.utf8.count))
            #expect(tokens(deeper).failure?.reason == .nestedTooDeeply)
            #expect(tokens(deeper).failure?.offset == 64 * open.utf8.count)
        }
    }

    @Test func objectsAndArraysInTurnCloseAsTheyOpened() {
        var text = ""
        for level in 0..<64 { text += level % 2 == 0 ? "[" : #"{"k":"# }
        text += "0"
        for level in (0..<64).reversed() { text += level % 2 == 0 ? "]" : "}" }
        #expect(tokens(text) == .success(64 * 2 + 32 + 1))
        let wrong = text.dropLast(2) + "]}"
        #expect(tokens(String(wrong)).failure?.reason == .unexpectedByte)
    }

    @Test func manyElementsAreNoNesting() {
        let text = "[" + String(repeating: "[],{},", count: 200) + "0]"
        #expect(tokens(text) == .success(200 * 4 + 3))
    }
}

extension Result {
    /// The error, if there is one.
    var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
