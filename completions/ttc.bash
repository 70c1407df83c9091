_ttc_completion() {
    local IFS=$'\n' line="${COMP_LINE:0:COMP_POINT}"
    COMPREPLY=( $( _TTC_COMPLETE=line_bash _TTC_LINE="$line" COMP_WORDBREAKS="$COMP_WORDBREAKS" \
                   "$1" 2> /dev/null ) )
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[:=/] ]]; then
        compopt -o nospace 2> /dev/null
    fi
    return 0
}

complete -o default -F _ttc_completion ttc
