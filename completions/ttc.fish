function __ttc_complete
    set -l line (commandline -cp | string collect)
    set -l found (env _TTC_COMPLETE=line_fish _TTC_LINE="$line" ttc 2> /dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path (commandline -ct)
    end
end

complete --command ttc --no-files --arguments '(__ttc_complete)'
