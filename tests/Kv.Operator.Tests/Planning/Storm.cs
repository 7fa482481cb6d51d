using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Planning;

/// <summary>All that can happen to a cluster, short of what nobody can survive: data is only destroyed where the
/// others still have a quorum of it.</summary>
public sealed class Storm(SimulatedCluster world, Random random)
{
    private int _templates;

    public void Strike()
    {
        switch (random.Next(13))
        {
            case 0:
                world.Wanted = world.Wanted with { Replicas = random.Next(1, 6) };
                break;
            case 1:
                world.Wanted = world.Wanted with { Template = $"t{++_templates}" };
                break;
            case 2:
                world.Wanted = world.Wanted with { Template = $"t{++_templates}" };
                world.BadTemplates.Add(world.Wanted.Template);
                break;
            case 3:
                world.Wanted = world.Wanted with { VolumeBytes = world.Wanted.VolumeBytes + 1 };
                break;
            case 4:
                world.Wanted = world.Wanted with { IsPaused = random.Next(2) == 0 };
                break;
            case 5:
                OnPod(pod => world.Crash(pod, "killed"));
                break;
            case 6:
                OnPod(world.Stop);
                break;
            case 7:
                OnPod(pod => world.Silence(pod.Member, TimeSpan.FromSeconds(random.Next(1, 400))));
                break;
            default:
                Damage(random.Next(5));
                break;
        }
    }

    /// <summary>Ends what would keep the cluster from ever being well.</summary>
    public void End()
    {
        world.EndSilence();
        world.Wanted = world.Wanted with { IsPaused = false, Template = $"t{++_templates}" };
    }

    private void OnPod(Action<SimulatedPod> strike)
    {
        SimulatedPod[] pods = [.. world.Pods.Values.Where(pod => !pod.IsTerminating)];
        if (pods.Length > 0)
            strike(pods[random.Next(pods.Length)]);
    }

    private void Damage(int kind)
    {
        MemberEntry[] voters = [.. world.Config.Where(entry => !entry.IsLearner && world.CanLoseDataOf(entry.Member))];
        if (voters.Length == 0)
            return;

        MemberEntry victim = voters[random.Next(voters.Length)];
        SimulatedVolume? volume = world.Volumes.GetValueOrDefault(victim.Member);
        SimulatedPod? pod = world.Pods.GetValueOrDefault(victim.Member);
        switch (kind)
        {
            case 0 when volume is not null:
                volume.IsTerminating = true;
                break;
            case 1 when volume?.Store is not null && pod is not null:
                volume.Store.IsBroken = true;
                world.Crash(pod, "broken data");
                break;
            case 2 when volume is not null && pod is not null:
                volume.Store = null;
                world.Stop(pod);
                break;
            case 3 when volume?.Store is not null && world.IsUp(victim.Member):
                // Counted as lost from now on, though it runs.
                volume.Store.IsBroken = true;
                world.Alarms.Add(new AlarmFound(victim.Id, AlarmKind.Corrupt));
                break;
            case 4 when volume?.Store is not null:
                volume.Store.Bytes = 10_000;
                world.Alarms.Add(new AlarmFound(victim.Id, AlarmKind.NoSpace));
                break;
        }
    }
}
