using System.Security.Cryptography;

namespace Kv.Sandbox.ApiServer.Rules;

/// <summary>Addresses for services, all on this machine: 127.N.128.0 and up, where N is the sandbox's own. Chosen by
/// chance among 32 thousand, which a sandbox never comes near to using up.</summary>
internal sealed class ServiceAddresses(byte network)
{
    public string Next() =>
        $"127.{network}.{RandomNumberGenerator.GetInt32(128, 256)}.{RandomNumberGenerator.GetInt32(1, 255)}";
}
