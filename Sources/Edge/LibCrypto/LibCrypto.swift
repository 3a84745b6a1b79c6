internal import CCrypto
public import SigV4

/// OpenSSL's libcrypto: what Core needs of it, which is SHA-256.
public enum LibCrypto {
    /// SHA-256 as Core wants it injected.
    public static let sha256Function = SHA256Function(sha256)

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
