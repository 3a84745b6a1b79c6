/// Writes a message of D-Bus as bytes (D-Bus specification, "Message Protocol"), little-endian:
/// whatever a test wants to say, right or wrong.
public struct WireMessage: Sendable {
    /// A value with its type. Only what BlueZ uses.
    public indirect enum Value: Sendable {
        case byte(UInt8), boolean(Bool), int16(Int16), uint32(UInt32)
        case string(String), path(String), signature(String)
        /// The elements and the signature of each.
        case array(String, [Value])
        case structure([Value])
        case entry(Value, Value)
        case variant(Value)

        public var signature: String {
            switch self {
            case .byte: "y"
            case .boolean: "b"
            case .int16: "n"
            case .uint32: "u"
            case .string: "s"
            case .path: "o"
            case .signature: "g"
            case .array(let element, _): "a" + element
            case .structure(let values): "(" + values.map(\.signature).joined() + ")"
            case .entry(let key, let value): "{" + key.signature + value.signature + "}"
            case .variant: "v"
            }
        }

        /// `a{sv}`
        public static func properties(_ pairs: [(String, Value)]) -> Value {
            .array("{sv}", pairs.map { .entry(.string($0.0), .variant($0.1)) })
        }

        public static func bytes(_ bytes: [UInt8]) -> Value { .array("y", bytes.map { .byte($0) }) }
    }

    public enum Kind: UInt8, Sendable { case call = 1, reply, error, signal }

    private var kind: Kind
    private var fields: [(UInt8, Value)]
    private var body: [Value]

    public static func signal(
        path: String, interface: String, member: String, _ body: [Value]
    ) -> WireMessage {
        WireMessage(
            kind: .signal,
            fields: [(1, .path(path)), (2, .string(interface)), (3, .string(member))], body: body)
    }

    /// PropertiesChanged of one interface.
    public static func change(
        path: String, interface: String, _ pairs: [(String, Value)], invalidated: [String] = []
    ) -> WireMessage {
        .signal(
            path: path, interface: "org.freedesktop.DBus.Properties", member: "PropertiesChanged",
            [
                .string(interface), .properties(pairs),
                .array("s", invalidated.map { .string($0) }),
            ])
    }

    public static func reply(_ body: [Value]) -> WireMessage {
        WireMessage(kind: .reply, fields: [(5, .uint32(7))], body: body)
    }

    public static func error(_ name: String, _ body: [Value]) -> WireMessage {
        WireMessage(kind: .error, fields: [(5, .uint32(7)), (4, .string(name))], body: body)
    }

    /// The whole message.
    public var bytes: [UInt8] {
        var content = Writer()
        for value in body { content.append(value) }
        var fields = fields
        fields.append((7, .string(":1.7")))
        let signature = body.map(\.signature).joined()
        if !signature.isEmpty { fields.append((8, .signature(signature))) }
        var message = Writer()
        for byte in [UInt8(ascii: "l"), kind.rawValue, 0, 1] { message.append(.byte(byte)) }
        message.append(.uint32(UInt32(content.bytes.count)))
        message.append(.uint32(1))
        message.append(
            .array("(yv)", fields.map { .structure([.byte($0.0), .variant($0.1)]) }))
        message.align(to: 8)
        return message.bytes + content.bytes
    }

    private struct Writer {
        var bytes: [UInt8] = []

        mutating func align(to boundary: Int) {
            while !bytes.count.isMultiple(of: boundary) { bytes.append(0) }
        }

        private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
            align(to: Number.bitWidth / 8)
            for shift in stride(from: 0, to: Number.bitWidth, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> Number(shift)))
            }
        }

        mutating func append(_ value: Value) {
            switch value {
            case .byte(let number): bytes.append(number)
            case .boolean(let isTrue): append(UInt32(isTrue ? 1 : 0))
            case .int16(let number): append(number)
            case .uint32(let number): append(number)
            case .string(let text), .path(let text):
                append(UInt32(text.utf8.count))
                bytes += Array(text.utf8) + [0]
            case .signature(let text):
                bytes.append(UInt8(text.utf8.count))
                bytes += Array(text.utf8) + [0]
            case .array(let element, let values): append(element, values)
            case .structure(let values):
                align(to: 8)
                for value in values { append(value) }
            case .entry(let key, let value):
                align(to: 8)
                append(key)
                append(value)
            case .variant(let content):
                append(.signature(content.signature))
                append(content)
            }
        }

        private mutating func append(_ element: String, _ values: [Value]) {
            append(UInt32(0))
            let place = bytes.count - 4
            switch element.first {
            case "{", "(": align(to: 8)
            case "s", "o", "a", "u", "b": align(to: 4)
            case "n": align(to: 2)
            default: break
            }
            let start = bytes.count
            for value in values { append(value) }
            let length = UInt32(bytes.count - start)
            for index in 0..<4 {
                bytes[place + index] = UInt8(truncatingIfNeeded: length >> UInt32(8 * index))
            }
        }
    }
}
