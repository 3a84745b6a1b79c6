import LibCrypto
import SigV4
import TestSupport
import Testing

/// SHA-256 and MD5 against the examples of their standards.
struct LibCryptoTests {
    private func sha256(_ bytes: [UInt8]) -> String {
        hexadecimal(LibCrypto.sha256(bytes.span))
    }

    private func hexadecimal(_ digest: SHA256Digest) -> String {
        var text = ""
        for index in digest.bytes.indices {
            let byte = digest.bytes[index]
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }

    /// RFC 1321 section A.5.
    @Test(arguments: [
        ("", "d41d8cd98f00b204e9800998ecf8427e"), ("abc", "900150983cd24fb0d6963f7d28e17f72"),
        (
            String(repeating: "1234567890", count: 8), "57edf4a22be3c955ac49da2e2107b67a"
        ),
    ])
    func md5OfTheExamplesOfItsStandard(text: String, expected: String) {
        let bytes = Array(text.utf8)
        let digest = LibCrypto.md5(bytes.span)
        let words = digest.indices.map { index in
            (digest[index] < 16 ? "0" : "") + String(digest[index], radix: 16)
        }
        #expect(words.joined() == expected)
    }

    /// NIST "Example Values", SHA-256, and the secure hash validation system's short messages of
    /// 0 and 8 bits.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklm"
                + "nopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func textOfTheStandardHasItsDigest(_ text: String, _ digest: String) {
        #expect(sha256([UInt8](text.utf8)) == digest)
    }

    @Test func byteThatIsNoTextHasItsDigest() {
        #expect(
            sha256([0xD3]) == "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1")
    }

    @Test func millionBytesHaveTheirDigest() {
        #expect(
            sha256([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000))
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test func functionForCoreIsTheSameFunction() {
        let bytes: [UInt8] = [1, 2, 3]
        #expect(LibCrypto.sha256Function(bytes.span) == LibCrypto.sha256(bytes.span))
    }

    @Test func changedBitChangesTheDigest() {
        var random = SeededRandom()
        for _ in 0..<100 {
            let bytes = random.bytes(Int.random(in: 1...300, using: &random))
            var changed = bytes
            let bit = Int.random(in: 0..<bytes.count * 8, using: &random)
            changed[bit / 8] ^= 1 << (bit % 8)
            #expect(LibCrypto.sha256(bytes.span) == LibCrypto.sha256(bytes.span))
            #expect(LibCrypto.sha256(bytes.span) != LibCrypto.sha256(changed.span))
        }
    }
}
