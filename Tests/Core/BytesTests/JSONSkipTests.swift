import Bytes
import TestSupport
import Testing

/// Passing over what a reader does not know.
struct JSONSkipTests {
    /// The tokens of the outermost object or array, with the values of `skipped` passed over.
    private func outline(_ text: String) throws(JSONError) -> [JSONToken] {
        let bytes = [UInt8](text.utf8)
        var scanner = JSONScanner(bytes.span)
        var read: [JSONToken] = [try scanner.next()]
        while read.last != .end {
            let token = try scanner.next()
            read.append(token)
            try scanner.skipRest(of: token)
        }
        return read
    }

    @Test func restOfAnArrayOrObjectIsPassedOver() throws {
        #expect(
            try outline(#"{"a":[1,[2,{"x":[]}]],"b":{"c":{}},"d":4}"#) == [
                .beginObject, .key(2..<3), .beginArray, .key(23..<24), .beginObject,
                .key(36..<37), .number(39..<40), .endObject, .end,
            ])
    }

    @Test func emptyArrayIsPassedOver() throws {
        #expect(try outline("[[],{},1]").count == 6)
    }

    @Test func lonelyValueHasNoRest() throws {
        let bytes = [UInt8]("[1,2]".utf8)
        var scanner = JSONScanner(bytes.span)
        _ = try scanner.next()
        let number = try scanner.next()
        try scanner.skipRest(of: number)
        let next = try scanner.next()
        #expect(next == .number(3..<4))
    }

    @Test func wholeTextIsPassedOver() throws {
        let bytes = [UInt8](#"{"a":[1,2,{"b":null}]} "#.utf8)
        var scanner = JSONScanner(bytes.span)
        try scanner.skipRest(of: try scanner.next())
        let next = try scanner.next()
        #expect(next == .end)
    }

    @Test(arguments: ["[1,[2,}]", "[1,[2", "[1,[2,]]", "[1,{]}]"])
    func wrongTextIsRefusedWhilePassedOver(_ text: String) {
        #expect(throws: JSONError.self) { try outline(text) }
    }

    @Test func restOfWhatIsNotOpenIsAMistakeOfTheCaller() async {
        await #expect(processExitsWith: .failure) {
            let bytes = [UInt8]("1".utf8)
            var scanner = JSONScanner(bytes.span)
            _ = try scanner.next()
            try scanner.skipRest(of: .beginObject)
        }
    }
}
