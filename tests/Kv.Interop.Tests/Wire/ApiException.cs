namespace Kv.Interop.Tests.Wire;

/// <summary>A call was refused, or ended without an answer (a code below zero).</summary>
public sealed class ApiException(int code, string detail) : Exception($"{code}: {detail}")
{
    public int Code => code;

    public string Detail => detail;
}
