import SensorLink
import TestSupport
import Testing

/// Addresses as text and back.
struct BluetoothAddressTests {
    private func parsed(_ text: String, separator: Character = ":") -> BluetoothAddress? {
        BluetoothAddress(Array(text.utf8).span, separator: separator.asciiValue ?? 0)
    }

    private func text(_ address: BluetoothAddress, separator: Character = ":") -> String {
        appendedText { address.append(to: &$0, separator: separator.asciiValue ?? 0) }
    }

    @Test func addressIsReadMostSignificantByteFirst() {
        #expect(parsed("C0:12:34:56:78:9A")?.bits == 0xC012_3456_789A)
        #expect(parsed("C0_12_34_56_78_9A", separator: "_")?.bits == 0xC012_3456_789A)
        #expect(parsed("c0:12:34:56:78:9a")?.bits == 0xC012_3456_789A)
        #expect(parsed("00:00:00:00:00:00")?.bits == 0)
        #expect(parsed("FF:FF:FF:FF:FF:FF")?.bits == 0xFFFF_FFFF_FFFF)
    }

    @Test func addressIsWrittenInUppercaseWithItsSeparator() {
        #expect(text(BluetoothAddress(0xC012_3456_789A)) == "C0:12:34:56:78:9A")
        #expect(text(BluetoothAddress(0xAB), separator: "_") == "00_00_00_00_00_AB")
    }

    @Test func bitsAbove48AreDropped() {
        #expect(BluetoothAddress(0xFFFF_C012_3456_789A) == BluetoothAddress(0xC012_3456_789A))
        #expect(text(BluetoothAddress(.max)) == "FF:FF:FF:FF:FF:FF")
    }

    @Test func otherSeparatorIsNone() {
        #expect(parsed("C0_12_34_56_78_9A") == nil)
        #expect(parsed("C0:12:34:56:78:9A", separator: "_") == nil)
        #expect(parsed("C0:12:34:56:78_9A") == nil)
    }

    @Test func otherLengthIsNone() {
        #expect(parsed("") == nil)
        #expect(parsed("C0:12:34:56:78:9") == nil)
        #expect(parsed("C0:12:34:56:78:9A:") == nil)
        #expect(parsed("C0:12:34:56:78:9AB") == nil)
        #expect(parsed("C0123456789A") == nil)
    }

    /// The characters beside the digits on either side, at every place.
    @Test func everyOtherCharacterIsNone() {
        let whole = Array("C0:12:34:56:78:9A".utf8)
        for index in whole.indices {
            for wrong in Array("/:@G`g -\0".utf8) + [0x80, 0xFF] where wrong != whole[index] {
                var text = whole
                text[index] = wrong
                #expect(BluetoothAddress(text.span) == nil, "\(wrong) at \(index)")
            }
        }
    }

    @Test func everyAddressComesBack() {
        var random = SeededRandom()
        for _ in 0..<10_000 {
            let address = BluetoothAddress(random.next())
            let colons = parsed(text(address))
            let path = parsed(text(address, separator: "_"), separator: "_")
            guard colons == address, path == address, parsed(text(address).lowercased()) == address
            else {
                Issue.record("\(address), seed \(random.seed)")
                return
            }
        }
    }
}
