using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Kv.Store;

/// <summary>The password of a logged request. Since 3.5 the member that takes a request hashes it with bcrypt, and
/// logs that in base64. Older members logged the password itself and each hashed it when it applied the entry; so the
/// log of one that is taken over may hold some.</summary>
internal static class LoggedPassword
{
    private const int Cost = 10; // etcd's default for --bcrypt-cost
    private const int SaltBytes = 16;
    private const string Base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    private const string BcryptAlphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    /// <summary>What is to be stored for a user; false if what was logged is no hash.</summary>
    public static bool TryGetHash(
        string hashed, string password, in EntryPlace place, out byte[] hash)
    {
        if (hashed.Length == 0 && password.Length > 0)
        {
            hash = Encoding.ASCII.GetBytes(BCrypt.Net.BCrypt.HashPassword(password, Salt(place)));
            return true;
        }

        hash = new byte[Base64.GetMaxDecodedFromUtf8Length(hashed.Length)];
        bool isHash = Convert.TryFromBase64String(hashed, hash, out int length);
        hash = hash[..length];
        return isHash;
    }

    // A salt must be met nowhere else, but need not be secret. That of an entry is the same on all members, so that
    // they store the same.
    private static string Salt(in EntryPlace place)
    {
        Span<byte> entry = stackalloc byte[2 * sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(entry, place.ClusterId);
        BinaryPrimitives.WriteUInt64BigEndian(entry[sizeof(ulong)..], place.Index);
        byte[] salt = SHA256.HashData(entry)[..SaltBytes];
        string text = Convert.ToBase64String(salt).TrimEnd('=');
        return $"$2a${Cost}$"
            + string.Concat(text.Select(letter =>
                BcryptAlphabet[Base64Alphabet.IndexOf(letter, StringComparison.Ordinal)]));
    }
}
