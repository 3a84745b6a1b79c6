import LibCrypto
import SigV4
import TestSupport
import Testing

/// HMAC-SHA256 against RFC 4231 section 4.
struct HMACSHA256Tests {
    private func code(_ key: [UInt8], _ message: [UInt8]) -> String {
        var hmac = HMACSHA256(messageLimit: 256, sha256: LibCrypto.sha256Function)
        return hexadecimal(hmac.code(key: key.span, message: message.span))
    }

    private static let longKey = String(repeating: "aa", count: 131)

    /// Test cases 1 to 4, 6 and 7; keys and messages in hexadecimal.
    @Test(arguments: [
        (
            String(repeating: "0b", count: 20), "4869205468657265",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        ),
        (
            "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        ),
        (
            String(repeating: "aa", count: 20), String(repeating: "dd", count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        (
            "0102030405060708090a0b0c0d0e0f10111213141516171819",
            String(repeating: "cd", count: 50),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"
        ),
        (
            longKey,
            "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20486173"
                + "68204b6579204669727374",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        (
            longKey,
            "5468697320697320612074657374207573696e672061206c6172676572207468616e20626c6f636b"
                + "2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a652064"
                + "6174612e20546865206b6579206e6565647320746f20626520686173686564206265666f72652062"
                + "65696e6720757365642062792074686520484d414320616c676f726974686d2e",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ])
    func testCaseHasItsCode(_ key: String, _ message: String, _ expected: String) throws {
        #expect(try code(bytes(key), bytes(message)) == expected)
    }

    /// Test case 5 publishes the first 128 bits only.
    @Test func truncatedTestCaseHasItsFirstHalf() throws {
        let message = [UInt8]("Test With Truncation".utf8)
        let code = code([UInt8](repeating: 0x0C, count: 20), message)
        #expect(code.hasPrefix("a3b6167473100ee06e0c796c2955552b"))
    }

    /// A key of one block is used as it is; one byte more and its hash is used.
    @Test func keyLongerThanABlockEqualsItsHash() {
        var random = SeededRandom()
        for length in [65, 66, 127, 128, 129, 255] {
            let key = random.bytes(length)
            let digest = LibCrypto.sha256(key.span)
            var hashed: [UInt8] = []
            for index in digest.bytes.indices { hashed.append(digest.bytes[index]) }
            #expect(code(key, [1, 2, 3]) == code(hashed, [1, 2, 3]))
        }
    }

    @Test func keyOfOneBlockIsNotHashed() {
        let key = [UInt8](repeating: 7, count: 64)
        let digest = LibCrypto.sha256(key.span)
        var hashed: [UInt8] = []
        for index in digest.bytes.indices { hashed.append(digest.bytes[index]) }
        #expect(code(key, [1]) != code(hashed, [1]))
    }

    @Test func messageOfTheWholeLimitAndAnEmptyOneAreTaken() {
        #expect(code([1], [UInt8](repeating: 0, count: 256)) != code([1], []))
    }

    @Test func codeDoesNotDependOnTheOneBefore() {
        var hmac = HMACSHA256(messageLimit: 256, sha256: LibCrypto.sha256Function)
        let key: [UInt8] = [1, 2]
        let first = hmac.code(key: key.span, message: key.span)
        _ = hmac.code(
            key: [UInt8](repeating: 9, count: 100).span,
            message: [UInt8](repeating: 8, count: 200).span)
        #expect(hmac.code(key: key.span, message: key.span) == first)
    }
}
