internal import CCrypto
public import Kinesis
public import SigV4

/// OpenSSL's libcrypto: what Core needs of it, which is SHA-256.
public enum LibCrypto {
    /// SHA-256 as Core wants it injected.
    public static let sha256Function = SHA256Function(sha256)

    /// MD5 as Core wants it injected.
    public static let md5Function = MD5Function(md5)

    /// The MD5 of `bytes` (RFC 1321), a check value and no secret. It takes no memory from the
    /// heap.
    public static func md5(_ bytes: Span<UInt8>) -> InlineArray<16, UInt8> {
        var digest = InlineArray<16, UInt8>(repeating: 0)
        var target = digest.mutableSpan
        let done = unsafe bytes.withUnsafeBufferPointer { source in
            unsafe target.withUnsafeMutableBufferPointer { output in
                unsafe pulsegate_md5(source.baseAddress, source.count, output.baseAddress)
            }
        }
        precondition(done == 1, "the low-level MD5 of libcrypto has no way to fail")
        return digest
    }

    /// The SHA-256 of `bytes` (FIPS 180-4). It takes no memory from the heap.
    public static func sha256(_ bytes: Span<UInt8>) -> SHA256Digest {
        var digest = SHA256Digest()
        var target = digest.mutableBytes
        let done = unsafe bytes.withUnsafeBufferPointer { source in
            unsafe target.withUnsafeMutableBufferPointer { output in
                unsafe pulsegate_sha256(source.baseAddress, source.count, output.baseAddress)
            }
        }
        precondition(done == 1, "the low-level SHA-256 of libcrypto has no way to fail")
        return digest
    }
}
