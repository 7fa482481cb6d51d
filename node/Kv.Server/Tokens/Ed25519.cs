using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Kv.Server.Tokens;

/// <summary>One key of Ed25519 in the hands of OpenSSL, which .NET itself uses on Linux for all its
/// cryptography.</summary>
internal sealed partial class Ed25519 : SafeHandle
{
    public const int KeyBytes = 32;

    private const int SignatureBytes = 64;
    private const int Type = 1087; // NID_ED25519
    private const string Library = "libcrypto";

    // As the distributions of today have it, and those before them.
    private static readonly string[] Files = ["libcrypto.so.3", "libcrypto.so.4", "libcrypto.so.1.1", "libcrypto.so"];

    static Ed25519() => NativeLibrary.SetDllImportResolver(typeof(Ed25519).Assembly, static (name, _, _) =>
    {
        if (name == Library)
        {
            foreach (string file in Files)
            {
                if (NativeLibrary.TryLoad(file, out nint library))
                    return library;
            }
        }

        return 0; // found by the usual way, or not
    });

    private Ed25519(nint key, bool canSign)
        : base(0, ownsHandle: true)
    {
        SetHandle(key);
        CanSign = canSign;
        if (IsInvalid)
            throw new CryptographicException("OpenSSL does not take the key.");
        byte[] bytes = new byte[KeyBytes];
        nuint length = KeyBytes;
        Require(GetRawPublicKey(handle, bytes, ref length));
        PublicBytes = bytes;
    }

    public bool CanSign { get; }

    public byte[] PublicBytes { get; }

    public override bool IsInvalid => handle == 0;

    /// <exception cref="JwtKeyException">There is no OpenSSL that knows Ed25519.</exception>
    public static Ed25519 OfPrivate(byte[] key) => Open(key, canSign: true);

    /// <exception cref="JwtKeyException">There is no OpenSSL that knows Ed25519.</exception>
    public static Ed25519 OfPublic(byte[] key) => Open(key, canSign: false);

    public byte[] Sign(byte[] text)
    {
        nint context = NewContext();
        try
        {
            byte[] signature = new byte[SignatureBytes];
            nuint length = SignatureBytes;
            Require(SignInit(context, 0, 0, 0, handle));
            Require(Sign(context, signature, ref length, text, (nuint)text.Length));
            return signature;
        }
        finally
        {
            FreeContext(context);
        }
    }

    public bool Verifies(byte[] text, byte[] signature)
    {
        if (signature.Length != SignatureBytes)
            return false;
        nint context = NewContext();
        try
        {
            Require(VerifyInit(context, 0, 0, 0, handle));
            return Verify(context, signature, SignatureBytes, text, (nuint)text.Length) == 1;
        }
        finally
        {
            FreeContext(context);
        }
    }

    protected override bool ReleaseHandle()
    {
        FreeKey(handle);
        return true;
    }

    private static Ed25519 Open(byte[] key, bool canSign)
    {
        try
        {
            nint made = canSign
                ? NewPrivateKey(Type, 0, key, KeyBytes)
                : NewPublicKey(Type, 0, key, KeyBytes);
            return new Ed25519(made, canSign);
        }
        catch (Exception fault) when (
            fault is DllNotFoundException or EntryPointNotFoundException or CryptographicException)
        {
            throw new JwtKeyException("EdDSA needs OpenSSL 1.1.1 or later", fault);
        }
    }

    private static void Require(int result)
    {
        if (result != 1)
            throw new CryptographicException("OpenSSL failed to use a key of Ed25519.");
    }

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    private static partial nint NewPrivateKey(int type, nint engine, byte[] key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    private static partial nint NewPublicKey(int type, nint engine, byte[] key, nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static partial int GetRawPublicKey(nint key, byte[] bytes, ref nuint length);

    [LibraryImport(Library, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_new")]
    private static partial nint NewContext();

    [LibraryImport(Library, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeContext(nint context);

    [LibraryImport(Library, EntryPoint = "EVP_DigestSignInit")]
    private static partial int SignInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestSign")]
    private static partial int Sign(nint context, byte[] signature, ref nuint length, byte[] text, nuint textLength);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerifyInit")]
    private static partial int VerifyInit(nint context, nint keyContext, nint digest, nint engine, nint key);

    [LibraryImport(Library, EntryPoint = "EVP_DigestVerify")]
    private static partial int Verify(nint context, byte[] signature, nuint length, byte[] text, nuint textLength);
}
