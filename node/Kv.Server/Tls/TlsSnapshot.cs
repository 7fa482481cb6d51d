using Kv.Grpc.Tls;

namespace Kv.Server.Tls;

/// <summary>What the files of a side hold at one time; null where there is no file.</summary>
/// <param name="Serving">Shown to who connects.</param>
/// <param name="Calling">Shown when connecting.</param>
internal sealed record TlsSnapshot(
    TlsIdentity? Serving, TlsIdentity? Calling, TrustAnchors? Authorities, RevokedCertificates? Revoked);
