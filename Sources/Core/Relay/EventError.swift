public import Bytes

/// Why an event of Lambda is not of the shape that AWS documents for its source. No record of it
/// can be told apart then, so the whole invocation fails.
public enum EventError: Error, Equatable, Sendable, CustomStringConvertible {
    case notJSON(JSONError)
    /// Its bytes are no UTF-8, so neither are the ids that go back.
    case notUTF8
    /// No member with the list of records.
    case noRecords(name: String)
    /// A record without a member that every record has; `index` counts from 0.
    case missing(name: String, index: Int)

    public var description: String {
        switch self {
        case .notJSON(let error): "the event is no JSON: \(error.reason) at byte \(error.offset)"
        case .notUTF8: "the event is no UTF-8"
        case .noRecords(let name): "the event has no list \(name)"
        case .missing(let name, let index): "record \(index) of the event has no \(name)"
        }
    }
}

func checkText(_ event: Span<UInt8>) throws(EventError) {
    do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: event)
    } catch {
        throw .notUTF8
    }
}

extension JSONScanner {
    /// Reads the list `name` of the one object that the bytes are: `read` gets each element's place
    /// behind its brace, and reads to its end. Other members are passed over.
    @_lifetime(self: copy self)
    mutating func readList(
        _ name: StaticString, of bytes: Span<UInt8>,
        _ read: (inout JSONScanner) throws(EventError) -> Void
    ) throws(EventError) {
        var isFound = false
        do throws(JSONError) {
            try expect(.beginObject)
        } catch {
            throw .notJSON(error)
        }
        while case .key(let key) = try step() {
            guard bytes.extracting(key).isEqual(to: name) else {
                try pass(try step())
                continue
            }
            isFound = true
            guard try step() == .beginArray else { throw .noRecords(name: "\(name)") }
            while true {
                let token = try step()
                if token == .endArray { break }
                guard token == .beginObject else { throw .noRecords(name: "\(name)") }
                try read(&self)
            }
        }
        guard try step() == .end, isFound else { throw .noRecords(name: "\(name)") }
    }

    /// `next` with the error of an event.
    @_lifetime(self: copy self)
    mutating func step() throws(EventError) -> JSONToken {
        do throws(JSONError) {
            return try next()
        } catch {
            throw .notJSON(error)
        }
    }

    /// `skipRest` with the error of an event.
    @_lifetime(self: copy self)
    mutating func pass(_ token: JSONToken) throws(EventError) {
        do throws(JSONError) {
            try skipRest(of: token)
        } catch {
            throw .notJSON(error)
        }
    }
}
