using Kv.Simulation.Tests.Hosts;
using Kv.Simulation.Tests.World;

namespace Kv.Simulation.Tests.Clients;

/// <summary>The way of a client to the members: requests and answers take their time, and some get lost.</summary>
internal sealed class ClientLink(SimulatedWorld world, Cluster cluster)
{
    private static readonly TimeSpan UsualDelay = TimeSpan.FromMilliseconds(0.5);
    private static readonly TimeSpan TimeoutLeast = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan TimeoutMost = TimeSpan.FromSeconds(9);

    private readonly Pace _pace = new(world, UsualDelay);
    private ulong _preferred;

    public double Loss { get; set; }

    /// <summary>Lets one member do something for a client. Exactly one of the three happens in the end, unless nothing
    /// does: <paramref name="answered"/> when the answer is here, <paramref name="gaveUp"/> when it did not come in
    /// time, and <paramref name="refused"/> if the member could not be reached at all.</summary>
    /// <param name="serve">Runs on the member; passes on the answer.</param>
    public void Call<T>(
        Action<MemberProcess, Action<T>> serve, Action<T> answered, Action gaveUp, Action refused)
    {
        bool isOpen = true;
        void EndBy(Action end)
        {
            if (!isOpen)
                return;
            isOpen = false;
            end();
        }

        world.After(world.Between(TimeoutLeast, TimeoutMost), () => EndBy(gaveUp));
        Host host = Choose();
        world.After(_pace.Draw(), () =>
        {
            if (host.Process is not { } process)
            {
                EndBy(refused);
                return;
            }

            if (world.Chance(Loss))
                return;
            process.Do(() => serve(process, answer =>
            {
                if (!world.Chance(Loss))
                    world.After(_pace.Draw(), () => EndBy(() => answered(answer)));
            }));
        });
    }

    // A client stays with a member for a while.
    private Host Choose()
    {
        IReadOnlyList<Host> hosts = cluster.Hosts;
        if (cluster.Find(_preferred) is not { IsRetired: false, Process: not null } || world.Chance(0.05))
            _preferred = world.Pick(hosts).Id;
        return cluster.Find(_preferred)!;
    }
}
